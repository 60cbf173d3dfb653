import numpy as np
import pytest

from fer_edge.data.synthetic.clip import clip
from fer_edge.modalities.temporal.recipe import Simulation
from fer_edge.modalities.temporal.simulate import frame_times, simulate

BRIGHT, DARK = np.full((48, 48), 200, np.uint8), np.full((48, 48), 40, np.uint8)


def run(*faces, seed=0, **options):
    settings = Simulation(frames=60, **options)
    shown = np.stack(faces)
    return simulate(shown, np.arange(len(faces)), settings, np.random.default_rng(seed), fps=15)


def test_the_class_changes_when_the_next_photograph_is_seen() -> None:
    track = run(DARK, BRIGHT, severity=0)
    assert track.images.shape == (60, 48, 48) and track.classes[0] == 0 and track.classes[-1] == 1
    assert np.sum(np.diff(track.classes) != 0) == 1
    means = track.images.mean(axis=(1, 2))
    assert np.array_equal(means > 120, track.classes == 1)
    assert np.all(np.diff(means) > -1)  # a fade, up to the noise


def test_severity_moves_the_picture(photograph=None) -> None:
    face = np.random.default_rng(0).integers(0, 255, (48, 48), np.uint8)
    still, moved = (run(face, severity=severity).images.astype(float) for severity in (0, 1))
    assert np.abs(np.diff(moved, axis=0)).mean() > 5 * np.abs(np.diff(still, axis=0)).mean()


def test_the_same_generator_gives_the_same_track() -> None:
    assert np.array_equal(run(DARK, BRIGHT).images, run(DARK, BRIGHT).images)
    assert not np.array_equal(run(DARK, BRIGHT).images, run(DARK, BRIGHT, seed=1).images)


def test_training_has_irregular_times() -> None:
    gaps = np.diff(frame_times(Simulation(frames=200), np.random.default_rng(0), None))
    assert gaps.min() > 0 and gaps.max() > 1.5 * np.median(gaps)
    assert np.allclose(np.diff(frame_times(Simulation(), np.random.default_rng(0), 15.0)), 1 / 15)


def test_a_drawn_person_stays_the_same_and_shows_the_expression_at_the_apex() -> None:
    shown = clip("surprise", np.random.default_rng(2), np.arange(45) / 15, size=48)
    assert shown.images.shape == (45, 48, 48)
    assert shown.intensity.min() == 0 and shown.intensity.max() > 0.9
    assert shown.intensity[0] == 0  # neutral at first
    frames = shown.images.astype(float)
    assert np.abs(np.diff(frames, axis=0)).mean() < np.abs(frames[0] - frames[::-1][0]).mean() + 8


def test_a_range_of_rates_is_in_order() -> None:
    with pytest.raises(ValueError, match="at most the second"):
        Simulation(fps=(30.0, 10.0))
