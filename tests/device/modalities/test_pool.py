"""The log-opinion pool: weights, ages, labels of other models."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.labels import FER2013, FERPLUS
from device.modalities.modality import Modality, Opinion
from device.modalities.pool import LogOpinionPool, Reliability

EKMAN = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")


def opinion(name: str, labels: tuple[str, ...], time: float = 0.0, **shares: float) -> Opinion:
    rest = (1 - sum(shares.values())) / (len(labels) - len(shares))
    values = np.array([shares.get(label, rest) for label in labels], np.float32)
    return Opinion(name, Modality(name, labels, values, time))


def pool(labels: tuple[str, ...] = FERPLUS, temperature: float = 1.0) -> LogOpinionPool:
    even = {name: Reliability(0.5, temperature, max_age=4.0) for name in ("face", "text", "audio")}
    return LogOpinionPool(labels, even)


def pooled(opinions: list[Opinion], now: float = 0.0, **options: float) -> dict[str, float]:
    out = np.zeros(len(FERPLUS), np.float32)
    assert pool(FERPLUS, **options).pool(opinions, now, out)
    return dict(zip(FERPLUS, out.tolist(), strict=True))


def test_one_modality_alone_is_passed_on() -> None:
    face = opinion("face", FERPLUS, happiness=0.7)
    assert pooled([face, Opinion("text")])["happiness"] == pytest.approx(0.7, abs=1e-6)
    assert face.weight == 1


def test_two_modalities_give_their_weighted_geometric_mean() -> None:
    face = opinion("face", FERPLUS, happiness=0.5)
    text = opinion("text", FERPLUS, sadness=0.5)
    found = pooled([face, text])
    expected = np.sqrt(np.array(face.modality.probabilities) * text.modality.probabilities)
    assert list(found.values()) == pytest.approx((expected / expected.sum()).tolist(), abs=1e-6)
    assert face.weight == text.weight == 0.5


def test_labels_are_mapped_by_meaning() -> None:
    face = opinion("face", FERPLUS, neutral=0.3, happiness=0.2)
    assert pooled([face, opinion("text", EKMAN, joy=0.9)])["happiness"] > 0.4


def test_a_class_that_a_modality_lacks_is_neither_favored_nor_excluded() -> None:
    face = opinion("face", FERPLUS, contempt=0.6)
    found = pooled([face, opinion("text", EKMAN)])  # text says nothing: all alike
    assert found["contempt"] == max(found.values())


def test_a_modality_counts_less_the_likelier_its_answer_is_no_label_of_the_face() -> None:
    face = opinion("face", FERPLUS, happiness=0.7)
    audio = opinion("audio", ("boredom", "sadness"), boredom=0.9)
    pooled([face, audio])
    assert audio.weight == pytest.approx(0.1 / 1.1, abs=1e-6)


def test_weights_fall_with_age_to_nothing() -> None:
    face, text = opinion("face", FERPLUS, time=10.0), opinion("text", EKMAN, time=8.0)
    pooled([face, text], now=10.0)
    assert (text.age, text.weight) == (2.0, pytest.approx(1 / 3))
    pooled([face, text], now=12.0)
    assert text.weight == 0


def test_without_any_answer_there_is_no_distribution() -> None:
    out = np.full(7, 0.5, np.float32)
    assert not pool(FER2013).pool([Opinion("face"), Opinion("text")], 0.0, out)
    assert (out == 0.5).all()


def test_a_temperature_above_1_flattens() -> None:
    face = opinion("face", FERPLUS, happiness=0.7)
    assert pooled([face], temperature=2.0)["happiness"] < 0.7


def test_zeros_of_int8_models_exclude_nothing() -> None:
    sure = opinion("face", FERPLUS, happiness=1.0)
    other = opinion("text", EKMAN, sadness=1.0)
    found = pooled([sure, other])
    assert found["happiness"] == pytest.approx(found["sadness"], rel=0.1)


@given(
    st.lists(st.floats(0, 1), min_size=8, max_size=8),
    st.lists(st.floats(0, 1), min_size=7, max_size=7),
    st.floats(0, 8),
)
def test_the_result_is_a_distribution(face: list[float], text: list[float], now: float) -> None:
    opinions = [
        Opinion("face", Modality("face", FERPLUS, np.array(face, np.float32), 0.0)),
        Opinion("text", Modality("text", EKMAN, np.array(text, np.float32), 0.0)),
    ]
    out = np.zeros(8, np.float32)
    if pool().pool(opinions, now, out):
        assert out.sum() == pytest.approx(1, abs=1e-5) and out.min() >= 0
        assert sum(each.weight for each in opinions) == pytest.approx(1)
