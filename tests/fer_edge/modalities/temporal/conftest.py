"""A tiny run over drawn faces, made once a session."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from device.model.classifier import Classifier
from fer_edge import zoo
from fer_edge.data import synthetic
from fer_edge.modalities.temporal import recipe, stills
from fer_edge.modalities.temporal.sequences import TemporalData

TINY = (
    *("simulation.train=6", "simulation.val=3", "simulation.test=4", "simulation.frames=12"),
    *("simulation.drawn=0.4", "net.units=12", "train.epochs=2", "train.batch_size=3"),
)


@dataclass(frozen=True)
class TinyRun:
    out: Path
    card: dict
    lines: list[str]


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faces") / "faces.npz"
    synthetic.generate(10).save(path)
    return path


@pytest.fixture(scope="session")
def nano() -> Classifier:
    return Classifier(zoo.resolve("zoo:nano"))


@pytest.fixture(scope="session")
def data(faces: Path, nano: Classifier) -> TemporalData:
    return stills.read(faces, recipe.load("temporal", TINY), nano)


@pytest.fixture(scope="session")
def tiny_run(
    data: TemporalData, nano: Classifier, tmp_path_factory: pytest.TempPathFactory
) -> TinyRun:
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    from fer_edge.modalities.temporal import pipeline

    out, lines = tmp_path_factory.mktemp("runs") / "temporal", []
    card = pipeline.run(data, nano, recipe.load("temporal", TINY), out, lines.append)
    return TinyRun(out, card, lines)
