from pathlib import Path

import numpy as np
import pytest

from device.errors import InputError
from device.modalities.audio import AudioStream
from device.modalities.audio.classifier import AudioClassifier
from device.modalities.audio.clip import classify_clip
from device.modalities.audio.wave_file import read_wave

from .conftest import LABELS
from .sounds import voice, write_wave


def listen(path: Path, model: Path) -> AudioStream:
    stream = AudioStream(str(path), model, paced=False)
    stream.start()
    stream.join(60)
    return stream


def test_a_stream_gives_the_distribution_of_the_utterance(
    tmp_path: Path, audio_model: Path
) -> None:
    stream = listen(write_wave(tmp_path / "a.wav", voice(1.5)), audio_model)
    answer = stream.latest()
    assert answer is not None and answer.name == "audio" and answer.labels == LABELS
    assert answer.probabilities.dtype == np.float32
    assert answer.probabilities.sum() == pytest.approx(1, abs=1e-5)
    stream.close()


def test_a_silent_file_gives_no_answer_and_no_error(tmp_path: Path, audio_model: Path) -> None:
    stream = listen(write_wave(tmp_path / "a.wav", np.zeros(16_000, np.float32)), audio_model)
    assert stream.latest() is None
    stream.close()


def test_what_was_said_before_a_pause_does_not_count_after_it(
    tmp_path: Path, audio_model: Path
) -> None:
    pause = np.zeros(16_000 * 2, np.float32)
    second = voice(1.28, pitch=300, syllables=7)
    both = np.concatenate([voice(1.5), pause, second])
    after = listen(write_wave(tmp_path / "a.wav", both), audio_model).latest()
    alone = listen(write_wave(tmp_path / "b.wav", second), audio_model).latest()
    assert after is not None and alone is not None
    assert np.allclose(after.probabilities, alone.probabilities, atol=0.05)


def test_a_missing_source_fails_at_the_start(tmp_path: Path, audio_model: Path) -> None:
    stream = AudioStream(str(tmp_path / "no.wav"), audio_model)
    with pytest.raises(InputError, match="no such audio file"):
        stream.start()
    stream.close()


def test_a_paced_stream_can_be_closed_at_once(tmp_path: Path, audio_model: Path) -> None:
    stream = AudioStream(str(write_wave(tmp_path / "a.wav", voice(30.0))), audio_model)
    stream.start()
    stream.close()
    assert not stream.running


def test_a_clip_is_one_utterance(tmp_path: Path, audio_model: Path) -> None:
    model = AudioClassifier(audio_model)
    samples = read_wave(write_wave(tmp_path / "a.wav", voice(1.0)))
    first, again = classify_clip(samples, model), classify_clip(samples, model)
    assert np.array_equal(first, again)


def test_a_clip_without_a_voice_is_one_line(audio_model: Path) -> None:
    model = AudioClassifier(audio_model)
    with pytest.raises(InputError, match="no speech was detected"):
        classify_clip(np.zeros(16_000, np.float32), model)
    with pytest.raises(InputError, match="less than one frame"):
        classify_clip(np.zeros(100, np.float32), model)


def test_a_model_of_faces_is_refused(models: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="not a speech model"):
        AudioClassifier(models["int8"])
