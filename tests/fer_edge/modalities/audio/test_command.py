from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_edge.cli.app import app

from ....device.modalities.audio.sounds import voice, write_wave


def refuse(*arguments: str) -> str:
    """Run the command, which has to end with exit code 2 and one line."""
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    done = CliRunner().invoke(app, ["audio", *arguments])
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    return done.output.strip().splitlines()[-1]


def test_a_silent_recording(tmp_path: Path) -> None:
    write_wave(tmp_path / "03a01Fa.wav", np.zeros(16_000, np.float32))
    assert "no speech was detected" in refuse(str(tmp_path), "--out", str(tmp_path / "out"))


def test_an_empty_folder(tmp_path: Path) -> None:
    assert "does not contain .wav files" in refuse(str(tmp_path), "--out", str(tmp_path / "out"))


def test_one_speaker(tmp_path: Path) -> None:
    for stem in ("03a01Fa", "03a01Ta"):
        write_wave(tmp_path / f"{stem}.wav", voice(0.5))
    assert "one speaker (03)" in refuse(str(tmp_path), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_misspelt_setting(speech: Path, tmp_path: Path) -> None:
    line = refuse(str(speech), "--set", "train.epoch=3", "--out", str(tmp_path / "out"))
    assert "train.epoch" in line and "epochs" in line


def test_a_setting_out_of_range(speech: Path, tmp_path: Path) -> None:
    assert "validation.folds" in refuse(str(speech), "--set", "validation.folds=1")
