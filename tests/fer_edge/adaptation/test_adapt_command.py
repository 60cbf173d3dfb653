"""`fer-edge adapt`: faces of a folder in, an adapted file or a clear word out."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from skimage.data import astronaut
from typer.testing import CliRunner

from benchmarks.metrics import accuracy
from device.model import card
from device.model.classifier import Classifier
from fer_edge import zoo
from fer_edge.adaptation import adapt as adaptation
from fer_edge.cli.app import app
from fer_edge.data import synthetic, unlabeled
from fer_edge.data.tree import Tree
from fer_edge.evaluation import corruptions


def run(*words: object) -> Any:
    return CliRunner().invoke(app, ["adapt", *map(str, words)])


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of generated faces as a camera in the dark sees them."""
    folder = tmp_path_factory.mktemp("adapt") / "place"
    (folder / "deeper").mkdir(parents=True)
    images = corruptions.corrupt(synthetic.generate(30, seed=4).images[:160], "noise", 3)
    for i, image in enumerate(images):
        where = folder / "deeper" if i % 2 else folder
        cv2.imwrite(str(where / f"{i}.png"), image)
    return folder


@pytest.mark.slow
def test_noisy_faces_make_a_file_that_runs_and_says_what_was_done(
    noisy: Path, tmp_path: Path
) -> None:
    done = run("zoo:nano", "--faces", noisy, "--out", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report == json.loads((tmp_path / "out" / "adapt.json").read_text())
    assert report["faces"] == 160 and report["held_out"] == 40
    assert report["adapted"], report
    path = tmp_path / "out" / "fer2013_int8.tflite"
    assert Path(report["file"]) == path
    classifier = Classifier(path)
    assert classifier.labels == Classifier(zoo.resolve("zoo:nano")).labels
    faces = synthetic.generate(20, seed=5).images[:30]
    np.testing.assert_allclose(accuracy.predict(classifier, faces).sum(axis=1), 1, atol=0.03)
    assert card.threshold(path) == card.threshold(zoo.resolve("zoo:nano"))
    again = run("zoo:nano", "--faces", noisy, "--out", tmp_path / "out")
    assert again.exit_code == 2 and "exists already" in again.output


def test_giving_up_writes_the_report_alone(
    noisy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_helps(*_: Any, **__: Any) -> Any:
        tried = {"1": adaptation.Gain(-0.01, [-0.02, 0.0], False)}
        statistics = adaptation.Statistics(None, tried)
        return adaptation.Adaptation(160, 40, "0" * 64, statistics, None, None, 1.0), None

    monkeypatch.setattr(adaptation, "adapt", nothing_helps)
    done = run("zoo:nano", "--faces", noisy, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "gave up" in done.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["adapt.json"]
    assert json.loads((tmp_path / "out" / "adapt.json").read_text())["adapted"] is False


def test_ctrl_c_leaves_nothing(
    noisy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(adaptation, "adapt", interrupted)
    done = run("zoo:nano", "--faces", noisy, "--out", tmp_path / "out")
    assert done.exit_code == 130 and "interrupted" in done.output
    assert not (tmp_path / "out").exists()


def test_faces_are_cropped_where_a_picture_is_no_crop(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "astronaut.png"), astronaut()[:, :, ::-1])
    crop = synthetic.generate(20, seed=1).images[0]
    cv2.imwrite(str(tmp_path / "crop.png"), crop)
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((200, 200), 90, np.uint8))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    found = unlabeled.read(Tree(tmp_path), margin=0.0, detector="haar")
    assert found.images.shape == (2, 48, 48)
    assert any(np.array_equal(face, crop) for face in found.images)
    assert (found.pictures, found.without_face, found.broken) == (4, 1, ("broken.png",))


@pytest.mark.parametrize(
    ("model", "files", "message"),
    [
        ("zoo:nano", [], "holds no pictures"),
        ("zoo:nano", ["wall"], "no face found in 1 pictures"),
        ("zoo:nano", ["face"], "1 face found, too few"),
        ("alone.tflite", ["face"], "float weights are not available"),
        ("zoo:giant", ["face"], "zoo:giant"),
        ("zoo:nano/fer2013_int8", None, "no such file or folder"),
    ],
)
def test_wrong_input_is_one_line(
    model: str, files: list[str] | None, message: str, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    if files is not None:
        place.mkdir()
        if "wall" in files:
            cv2.imwrite(str(place / "wall.png"), np.full((200, 200), 90, np.uint8))
        if "face" in files:
            cv2.imwrite(str(place / "face.png"), synthetic.generate(20, seed=1).images[0])
    if model == "alone.tflite":
        content = zoo.resolve("zoo:nano").read_bytes()
        (tmp_path / model).write_bytes(content + b"\0" * 4)  # not the content of a zoo file
        model = str(tmp_path / model)
    done = run(model, "--faces", place, "--out", tmp_path / "out")
    assert done.exit_code == 2, done.output
    assert message in done.output and "Traceback" not in done.output
    assert not (tmp_path / "out").exists()
