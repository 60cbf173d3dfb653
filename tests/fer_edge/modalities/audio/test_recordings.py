import zipfile
from pathlib import Path

import numpy as np
import pytest

from device.errors import InputError
from fer_edge.modalities.audio import file_names
from fer_edge.modalities.audio.recordings import read

from ....device.modalities.audio.sounds import voice, write_wave


@pytest.mark.parametrize(
    ("name", "stem", "label", "speaker"),
    [
        ("EmoDB", "03a01Fa", "happy", "03"),
        ("EmoDB", "16b10Wb", "angry", "16"),
        ("RAVDESS", "03-01-06-01-02-01-12", "fear", "12"),
        ("CREMA-D", "1001_DFA_ANG_XX", "angry", "1001"),
    ],
)
def test_names_of_public_sets(name: str, stem: str, label: str, speaker: str) -> None:
    assert file_names.recognize([stem]) == name
    assert file_names.READERS[name](stem) == (label, speaker)


def test_one_name_of_another_scheme_makes_no_set() -> None:
    assert file_names.recognize(["03a01Fa", "holiday"]) is None
    assert file_names.recognize([]) is None


def test_folders_by_class_with_the_speaker_in_the_name(speech: Path) -> None:
    found = read(speech)
    assert found.name == "folders"
    assert found.labels == ("happy", "sad")
    assert set(found.speakers) == {"anna", "ben", "cem"}
    assert len(found.frames) == len(found.classes) == 18
    assert all(len(frames) > 20 for frames in found.frames)


def test_folders_by_class_and_speaker(tmp_path: Path) -> None:
    for label in ("happy", "sad"):
        for speaker in ("anna", "ben"):
            (tmp_path / label / speaker).mkdir(parents=True)
            write_wave(tmp_path / label / speaker / "take.wav", voice(0.5))
    found = read(tmp_path)
    assert found.labels == ("happy", "sad") and set(found.speakers) == {"anna", "ben"}


def test_an_archive_reads_like_its_folder(speech: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in speech.rglob("*.wav"):
            archive.write(path, path.relative_to(speech))
    one, other = read(speech), read(tmp_path / "a.zip")
    assert one.digest == other.digest and one.names == other.names


def test_stereo_of_8_khz_is_read(tmp_path: Path) -> None:
    one = voice(0.5, rate=8000)
    for stem in ("03a01Fa", "08a01Ta"):
        write_wave(tmp_path / f"{stem}.wav", np.stack([one, one], axis=1), rate=8000)
    assert read(tmp_path).labels == ("happy", "sad")


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(16_000, np.float32), "no speech was detected"),
        (np.zeros(100, np.float32), "less than one frame"),
        (np.zeros(0, np.float32), "does not contain audio"),
    ],
)
def test_a_recording_without_speech_is_one_line_that_names_it(
    tmp_path: Path, samples: np.ndarray, message: str
) -> None:
    write_wave(tmp_path / "03a01Fa.wav", samples)
    with pytest.raises(InputError, match=rf"03a01Fa\.wav.*{message}") as error:
        read(tmp_path)
    assert "\n" not in str(error.value)


def test_what_is_no_sound_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "03a01Fa.wav").write_text("no sound at all")
    with pytest.raises(InputError, match=r"03a01Fa\.wav is not a valid WAV file"):
        read(tmp_path)


def test_an_empty_folder_a_missing_one_and_another_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not contain \.wav files"):
        read(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        read(tmp_path / "missing")
    (tmp_path / "notes.txt").write_text("no archive")
    with pytest.raises(InputError, match=r"neither a folder nor a \.zip archive"):
        read(tmp_path / "notes.txt")


def test_a_damaged_archive_is_one_line(speech: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(speech / "sad" / "ben_0.wav", "03a01Fa.wav")
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)  # the stored samples, so that the check sum is wrong
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"03a01Fa\.wav"):
        read(path)


def test_names_without_a_speaker_are_refused(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    write_wave(tmp_path / "happy" / "recording.wav", voice(0.4))
    with pytest.raises(InputError, match="does not give expression and speaker"):
        read(tmp_path)


def test_one_class_is_refused(tmp_path: Path) -> None:
    write_wave(tmp_path / "03a01Fa.wav", voice(0.4))
    with pytest.raises(InputError, match="at least two classes"):
        read(tmp_path)
