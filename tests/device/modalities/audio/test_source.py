from pathlib import Path

import numpy as np
import pytest

from device.errors import InputError
from device.modalities.audio.open_source import open_source
from device.modalities.audio.source import AudioSource
from device.modalities.audio.wave_file import WaveFile, read_wave

from .sounds import voice, write_wave


def read_all(source: AudioSource) -> np.ndarray:
    blocks = []
    while (block := source.read()) is not None:
        blocks.append(block)
    source.close()
    return np.concatenate(blocks)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_wave_files_of_all_widths(tmp_path: Path, width: int) -> None:
    samples = voice(0.3)
    read = read_wave(write_wave(tmp_path / "a.wav", samples, width=width))
    assert np.allclose(read, samples, atol=1.1 / (1 << (8 * width - 1)) + 1e-6)


def test_stereo_of_8_khz_is_mixed_down_and_resampled_and_says_so(tmp_path: Path) -> None:
    one = voice(0.5, rate=8000)
    path = write_wave(tmp_path / "a.wav", np.stack([one, np.zeros_like(one)], axis=1), rate=8000)
    source = WaveFile(path)
    assert source.changes() == "2 channels mixed down, resampled from 8,000 to 16,000 Hz"
    samples = read_all(source)
    assert len(samples) == 8000
    assert np.allclose(samples[::2][10:-10], one[10:-10] / 2, atol=0.02)


def test_an_unfinished_last_frame_is_left_out(tmp_path: Path) -> None:
    path = write_wave(tmp_path / "a.wav", np.zeros((100, 2), np.float32))
    path.write_bytes(path.read_bytes()[:-3])
    assert len(read_wave(path)) == 99


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"RIFF\x00\x00\x00\x00WAVE", "not a valid WAV file"),
        (b"RIFF\x04\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00", "not a valid WAV file"),
    ],
)
def test_damaged_wave_files_are_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        open_source(str(path))


def test_an_empty_wave_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not contain audio"):
        open_source(str(write_wave(tmp_path / "a.wav", np.zeros(0, np.float32))))


def test_what_is_no_sound_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"this is text, no sound" * 20)
    with pytest.raises(InputError, match=r"a\.mp3"):
        open_source(str(path))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such audio file"):
        open_source(str(tmp_path / "no.wav"))
    with pytest.raises(InputError, match="is a folder"):
        open_source(str(tmp_path))


def test_other_formats_are_decoded_with_pyav(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="PyAV is not installed")
    path, samples = tmp_path / "a.flac", voice(1.0, rate=44_100)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=44_100, layout="stereo")
        stereo = np.stack([samples, samples], axis=1).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(
            (stereo * 32767).astype(np.int16), format="s16", layout="stereo"
        )
        frame.sample_rate = 44_100
        container.mux([*stream.encode(frame), *stream.encode(None)])
    decoded = read_all(open_source(str(path)))
    assert abs(len(decoded) - 16_000) < 50
    assert decoded.std() == pytest.approx(samples.std(), rel=0.02)  # mixed down, not added


def test_the_password_of_a_url_is_not_shown() -> None:
    pytest.importorskip("av", reason="PyAV is not installed")
    with pytest.raises(InputError) as error:
        open_source("http://user:secret@127.0.0.1:9/a.mp3")
    assert "secret" not in str(error.value)


def test_a_missing_microphone_is_one_line() -> None:
    with pytest.raises(InputError, match="mic"):
        open_source("mic:no such device 7f3a")
