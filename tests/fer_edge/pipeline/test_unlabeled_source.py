"""Faces without labels in a training: the teacher alone predicts their labels."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut
from typer.testing import CliRunner

from device.errors import InputError
from fer_edge import recipe
from fer_edge.cli.app import app
from fer_edge.data import source, splits, synthetic
from fer_edge.data.dataset import load
from fer_edge.pipeline import mixed_sources
from fer_edge.recipe import DataSource
from fer_edge.training import history


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a photo, a wall, a file that is no picture, and 20 face crops."""
    folder = tmp_path_factory.mktemp("unlabeled") / "street"
    (folder / "monday").mkdir(parents=True)
    cv2.imwrite(str(folder / "monday" / "astronaut.png"), astronaut()[:, :, ::-1])
    cv2.imwrite(str(folder / "wall.png"), np.full((200, 200), 90, np.uint8))
    (folder / "broken.png").write_bytes(b"no picture")
    for i, crop in enumerate(synthetic.generate(20, seed=9).images[:20]):
        cv2.imwrite(str(folder / f"{i:02}.png"), crop)
    return folder


def mixed(tiny, section: DataSource) -> mixed_sources.Mixed:
    chosen = recipe.load(str(tiny.recipe))
    first = splits.training(tiny.data, chosen)
    return mixed_sources.mixed("street", section, first, {"fer2013": 7}, chosen.train)


def test_a_folder_of_pictures_needs_no_classes(
    tiny, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = recipe.load(str(tiny.recipe), ['teacher.nets=["zoo:nano"]'])
    street = {"street": DataSource(path=pictures, trust=0)}
    chosen = chosen.model_copy(update={"data": chosen.data.model_copy(update={"sources": street})})
    prepared = source.with_sources(chosen, [], [], tmp_path).data.sources["street"].file
    faces = load(prepared)
    assert len(faces) == 21
    assert "monday/astronaut.png" in faces.names
    assert set(faces.labels) == {-1}
    assert "21 faces in 23 pictures, 1 without one; 1 cannot be read, such as broken.png" in (
        capsys.readouterr().err
    )
    assert source.with_sources(chosen, [], [], tmp_path).data.sources["street"].file == prepared
    assert not capsys.readouterr().err


def test_labels_of_images_that_the_teacher_labels_are_not_read(tiny, tmp_path: Path) -> None:
    data = synthetic.generate(20, seed=9)
    names = ("angry", "disgust", "fear", "smiling", "sad", "surprise", "neutral")
    rare = np.flatnonzero((data.labels != 6) | (np.arange(len(data)) % 4 == 0))
    replace(data.take(rare), label_names=names, file_digest=None).save(tmp_path / "mine.npz")
    found = mixed(tiny, DataSource(path=tmp_path / "mine.npz", trust=0, balance=1))
    assert not found.source.data.targets["fer2013"].any()
    assert len(set(found.source.chances)) == 1
    assert found.source.chances.sum() == pytest.approx(1)
    assert found.val is not None
    assert 3 not in found.val.classes["fer2013"]


def test_unlabeled_images_do_not_select(tiny, tmp_path: Path) -> None:
    data = synthetic.generate(20, seed=9)
    nameless = replace(data, labels=np.full_like(data.labels, -1), file_digest=None)
    nameless.save(tmp_path / "mine.npz")
    assert mixed(tiny, DataSource(path=tmp_path / "mine.npz", trust=0)).val is None
    with pytest.raises(InputError, match="no training images for source street"):
        mixed(tiny, DataSource(path=tmp_path / "mine.npz"))


def run(tiny, out: Path, *options: str):
    command = ["train", str(tiny.recipe), "--out", str(out), "--data", str(tiny.data)]
    return CliRunner().invoke(app, [*command, "--set", "train.epochs=1", *options])


def test_without_a_teacher_there_is_nothing_to_learn(tiny, pictures: Path, tmp_path: Path) -> None:
    done = run(tiny, tmp_path, "--data", str(pictures), "--set", "data.sources.street.trust=0")
    assert done.exit_code == 2
    assert "data.sources.street.trust = 0 needs a teacher" in done.output
    assert "Traceback" not in done.output


@pytest.mark.slow
def test_the_command_trains_on_them(tiny, pictures: Path, tmp_path: Path) -> None:
    unlabeled = ["--data", str(pictures), "--set", "data.sources.street.trust=0"]
    teacher = ["--set", "teacher.epochs=1", "--set", 'teacher.nets=["zoo:nano"]']
    done = run(tiny, tmp_path, *unlabeled, *teacher)
    assert done.exit_code == 0, done.output
    (row,) = history.load(tmp_path / "train" / "history.csv")
    assert "val_top1_fer2013" in row
    assert "val_recall_street" not in row
