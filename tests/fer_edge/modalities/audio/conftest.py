"""Generated speech of three speakers, and a tiny run over it, made once a session."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ....device.modalities.audio.sounds import voice, write_wave

TINY = (
    *("net.filters=[4, 4, 8]", "net.embedding=8", "net.units=6"),
    *("train.epochs=2", "train.frames=48", "train.batch_size=6", "validation.folds=2"),
)


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """18 buzzing voices: happy ones are high and quick, sad ones low and slow."""
    folder, random = tmp_path_factory.mktemp("speech"), np.random.default_rng(0)
    for label, (pitch, syllables) in {"happy": (240, 6.0), "sad": (110, 2.0)}.items():
        (folder / label).mkdir()
        for speaker in ("anna", "ben", "cem"):
            for take in range(3):
                samples = voice(0.7, pitch * random.uniform(0.9, 1.1), syllables=syllables)
                write_wave(folder / label / f"{speaker}_{take}.wav", samples)
    return folder


@dataclass(frozen=True)
class TinyRun:
    out: Path
    card: dict
    lines: list[str]


@pytest.fixture(scope="session")
def tiny_run(speech: Path, tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    from fer_edge.modalities.audio import pipeline, recipe, recordings

    out, lines = tmp_path_factory.mktemp("runs") / "audio", []
    card = pipeline.run(recordings.read(speech), recipe.load("audio", TINY), out, lines.append)
    return TinyRun(out, card, lines)
