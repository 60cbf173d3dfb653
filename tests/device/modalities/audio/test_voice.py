import numpy as np

from device.modalities.audio.features import RATE, LogMel
from device.modalities.audio.voice import VoiceActivity

from .sounds import voice


def heard(samples: np.ndarray) -> np.ndarray:
    return VoiceActivity()(LogMel()(samples.astype(np.float32)))


def test_silence_is_no_voice() -> None:
    assert not heard(np.zeros(2 * RATE)).any()


def test_a_voice_is_heard_from_its_first_frame() -> None:
    voiced = heard(voice(1.0))
    assert voiced[0] and voiced.mean() > 0.95


def test_the_pause_between_two_utterances_is_left_out_and_ends_the_first() -> None:
    noise = np.random.default_rng(0).normal(0, 1e-4, 3 * RATE)
    noise[:RATE] += voice(1.0)
    activity, frames = VoiceActivity(), LogMel()
    assert activity.ended
    activity(frames(noise[:RATE].astype(np.float32)))
    assert not activity.ended
    voiced = activity(frames(noise[RATE:].astype(np.float32)))
    assert activity.ended
    assert voiced[0] and not voiced[len(voiced) // 2 :].any()


def test_steady_noise_stops_counting_as_a_voice() -> None:
    noise = np.random.default_rng(1).normal(0, 0.01, 20 * RATE)
    voiced = heard(noise)
    assert not voiced[-RATE // 256 :].any()


def test_a_voice_above_steady_noise_is_heard() -> None:
    noise = np.random.default_rng(2).normal(0, 0.003, 20 * RATE)
    noise[18 * RATE : 19 * RATE] += voice(1.0)
    voiced = heard(noise)
    per_second = RATE // 256
    assert voiced[18 * per_second : 19 * per_second].mean() > 0.8
