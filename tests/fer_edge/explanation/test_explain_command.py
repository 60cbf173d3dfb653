"""`fer-edge explain`: image, arrays and scores; invalid input in one line."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut
from typer.testing import CliRunner

from fer_edge import zoo
from fer_edge.cli.app import app
from fer_edge.data import synthetic


def run(*words: object):
    return CliRunner().invoke(app, ["explain", *map(str, words)])


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explain") / "astronaut.png"
    cv2.imwrite(str(path), astronaut()[:, :, ::-1])
    return path


def test_the_astronaut_is_happy_for_her_mouth(portrait: Path, tmp_path: Path) -> None:
    out = tmp_path / "explain.png"
    done = run("zoo:base", portrait, "--out", out, "--json")
    assert done.exit_code == 0, done.output
    (face,) = json.loads(done.stdout)["faces"]
    assert face["answer"] == face["class"] == "happy"
    assert list(face["methods"]) == ["grad-cam", "occlusion", "rise"]
    assert all(m["insertion"] > m["deletion"] for m in face["methods"].values())
    arrays = np.load(out.with_suffix(".npz"))
    for method in ("occlusion", "rise"):
        found = arrays[method][0]
        mouth, rest = found[32:46, 12:38].mean(), found[:20].mean()
        assert mouth > 2 * rest, method
    assert cv2.imread(str(out)).shape[1] == 4 * 200


def test_mistakes_of_a_split_are_a_grid(tmp_path: Path) -> None:
    data = tmp_path / "faces.npz"
    synthetic.generate(20, seed=2).save(data)
    out = tmp_path / "grid.png"
    words = ["--grid", data, "--count", 2, "--method", "occlusion", "--out", out, "--json"]
    done = run("zoo:nano", *words)
    assert done.exit_code == 0, done.output
    faces = json.loads(done.stdout)["faces"]
    assert len(faces) == 2 and all(one["label"] != one["answer"] for one in faces)
    assert faces[0]["probability"] >= faces[1]["probability"]
    assert np.load(out.with_suffix(".npz"))["occlusion"].shape == (2, 48, 48)
    again = run("zoo:nano", *words)
    assert again.exit_code == 2 and "exists already" in again.output


def test_a_file_without_a_parent_has_no_grad_cam(portrait: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.tflite"
    shutil.copy(zoo.resolve("zoo:nano"), alone)
    done = run(alone, portrait, "--method", "grad-cam,occlusion", "--out", tmp_path / "a.png")
    assert done.exit_code == 0, done.output
    assert "Grad-CAM is skipped" in done.output and "occlusion" in done.output
    done = run(alone, portrait, "--method", "grad-cam", "--out", tmp_path / "b.png")
    assert done.exit_code == 2 and "float parent of" in done.output
    assert not (tmp_path / "b.png").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "one image"),
        (["a.png", "b.png"], "one image"),
        (["none.png"], "none.png"),
        (["--grid", "none.npz"], "none.npz"),
        (["a.png", "--class", "bored"], "--class bored"),
        (["a.png", "--method", "magic"], "'magic' is not one of"),
        (["a.png", "--method", "grad-cam", "--parent", "none"], "none"),
        (["zoo:giant", "a.png"], "zoo:giant"),
    ],
)
def test_wrong_input_is_one_line(words: list[str], message: str, tmp_path: Path) -> None:
    done = run(*words, "--out", tmp_path / "out.png")
    assert done.exit_code == 2 and message in done.output
    assert "Traceback" not in done.output and not list(tmp_path.iterdir())


def test_a_picture_without_a_face_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "gray.png"), np.full((200, 200), 128, np.uint8))
    done = run(tmp_path / "gray.png", "--method", "occlusion", "--out", tmp_path / "out.png")
    assert done.exit_code == 2 and "no face found" in done.output
