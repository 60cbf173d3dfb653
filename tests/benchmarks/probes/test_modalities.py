"""The parts beside the faces, timed."""

import pytest

from benchmarks.probes import modalities
from device.errors import InputError
from fer_edge import zoo


def test_words_and_fusion_are_timed_each() -> None:
    found = modalities.measure(zoo.HOME / "text" / "text_int8.tflite", None, calls=5)
    assert list(found["parts"]) == ["text_features", "text_net", "fusion"]
    assert all(0 < part["p50_ms"] <= part["p90_ms"] for part in found["parts"].values())


def test_no_model_is_an_error() -> None:
    with pytest.raises(InputError, match="give --text-model"):
        modalities.measure(None, None, calls=1)
