"""`fer-edge landmarks`: from drawn faces to a file that the device runs, and wrong input."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from device.errors import InputError
from device.faces.landmarks import LandmarkModel
from fer_edge.cli.app import app
from fer_edge.data.synthetic import view
from fer_edge.modalities.landmarks import augment, evaluate, faces, real
from fer_edge.modalities.landmarks.recipe import Augment, load

TINY = (
    *("data.faces=48", "data.test=12", "train.epochs=2", "train.batch_size=16"),
    *("net.size=48", "net.filters=[4, 6, 8, 8]", "net.embedding=4"),
)


def run(out: Path, *more: str) -> tuple[int, str]:
    options = [option for value in TINY for option in ("--set", value)]
    done = CliRunner().invoke(app, ["landmarks", "--out", str(out), *options, *more])
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    out = tmp_path_factory.mktemp("runs") / "landmarks"
    code, output = run(out)
    assert code == 0, output
    return out


@pytest.mark.slow
def test_the_file_runs_and_its_card_says_what_it_was_trained_on(trained: Path) -> None:
    model = LandmarkModel(trained / "landmarks_int8.tflite")
    assert model.size == 48
    assert model(np.zeros((48, 48), np.uint8)).shape == (68, 2)
    card = json.loads((trained / "landmarks_int8.card.json").read_text())
    assert card["data"]["synthetic"] is True
    assert "trained on generated data" in card["data"]["note"]
    assert card["metrics"]["drawn"]["n"] == 12
    assert sum(band["n"] for band in card["metrics"]["drawn"]["by_yaw"].values()) == 12
    assert "real_val" not in card["metrics"]


@pytest.mark.slow
def test_the_same_command_again_trains_nothing_and_finds_the_same_points(trained: Path) -> None:
    face = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    before = LandmarkModel(trained / "landmarks_int8.tflite")(face)
    code, output = run(trained, "--json")
    assert code == 0, output
    assert "epoch 1/2" not in output
    np.testing.assert_array_equal(LandmarkModel(trained / "landmarks_int8.tflite")(face), before)


@pytest.mark.slow
def test_a_folder_of_another_recipe_is_left_alone(trained: Path) -> None:
    code, output = run(trained, "--set", "train.epochs=3")
    assert code == 2
    assert "contains a run of another recipe, model or data set: choose another --out" in output


@pytest.mark.parametrize("kept", [0, 3, 1000, 0.9])
def test_a_damaged_file_of_faces_is_named(tmp_path: Path, kept: float) -> None:
    """As a full disk or a copy that was cut short leaves it."""
    whole, path = tmp_path / "whole.npz", tmp_path / "faces.npz"
    np.savez(whole, images=np.zeros((50, 50)), points=np.zeros((50, 5, 2)))
    content = whole.read_bytes()
    path.write_bytes(content[: int(kept if kept >= 1 or not kept else kept * len(content))])
    with pytest.raises(InputError, match=r"faces\.npz holds no drawn faces: delete it"):
        faces.read(path)
    with pytest.raises(InputError, match=r"faces\.npz holds no points: delete it"):
        real.find(tmp_path / "unread.npz", "val", 5, None, path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "net.size=40"), "net.size"),
        (("--set", "net.depth=3"), "net.depth"),
        (("--recipe", "base"), "base"),
        (("--detector-model", "yunet.onnx"), "--detector-model needs --real"),
        (("--real", "none.npz", "--detector-model", "none.onnx"), "none.onnx"),
    ],
)
def test_wrong_options_end_in_one_line(tmp_path: Path, arguments, message) -> None:
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    code, output = run(tmp_path / "out", *arguments)
    assert code == 2
    assert message in output


def drawn_marks() -> tuple[np.ndarray, np.ndarray]:
    drawn = view("sad", seed=3, size=faces.SIZE, index=0, zoom=faces.ZOOM, yaw=20)
    return drawn.image, ((drawn.landmarks[:, :2] - (faces.SIZE - 1) / 2) / faces.CROP).astype("f4")


def test_points_move_with_the_pixels_of_a_changed_face() -> None:
    """A bright dot drawn at a landmark is where the changed landmark says."""
    image, marks = drawn_marks()
    image = np.full_like(image, 40)
    x, y = np.rint(marks[30] * faces.CROP + (faces.SIZE - 1) / 2).astype(int)
    image[y - 1 : y + 2, x - 1 : x + 2] = 255
    options = Augment(light=0, blur=0, noise=0, small=0, cover=0)
    for seed in range(20):
        random = np.random.default_rng(seed)
        crop, moved = augment.sample(image, marks, faces.CROP, 64, options, random)
        row, column = np.unravel_index(int(crop.argmax()), crop.shape)
        expected = moved[30] * 64 + 31.5
        assert np.abs((column, row) - expected).max() < 2


def test_the_test_shows_other_persons_and_any_yaw(tmp_path: Path) -> None:
    options = load(overrides=["data.faces=21", "data.test=21"]).data
    train = faces.draw(options, 1, tmp_path / "train.npz", test=False)
    test = faces.draw(options, 1, tmp_path / "test.npz", test=True)
    assert not (train.images == test.images).all(axis=(1, 2)).any()
    assert np.abs(test.angles[:, 0]).max() > 40
    again = faces.draw(options, 1, tmp_path / "test.npz", test=True)
    np.testing.assert_array_equal(again.images, test.images)


class Truth:
    """A model that finds the landmarks that it is given, moved to the right."""

    size = 64

    def __init__(self, drawn: faces.DrawnFaces, error: float) -> None:
        marks = (drawn.points - (faces.SIZE - 1) / 2) / np.float32(faces.CROP)
        self._marks = iter(marks + np.float32([error, 0]))

    def __call__(self, face: np.ndarray) -> np.ndarray:
        return next(self._marks)

    def pose(self, marks: np.ndarray) -> None:
        return None


def test_the_error_is_a_fraction_of_the_distance_of_the_eyes(tmp_path: Path) -> None:
    options = load(overrides=["data.faces=8", "data.test=8"]).data
    drawn = faces.draw(options, 1, tmp_path / "test.npz", test=True)
    eyes = np.linalg.norm(drawn.frontal[:, 36] - drawn.frontal[:, 45], axis=1)
    found = evaluate.on_drawn(Truth(drawn, 0.05), drawn)  # type: ignore[arg-type]
    assert found["nme"] == pytest.approx(float((5 / eyes).mean()), abs=0.01)
    assert found["failed"] == float((0.05 / eyes > 0.1).mean())


def test_a_detector_that_misses_a_part_of_the_roll_is_corrected() -> None:
    level = np.float32([[-0.2, 0], [0.2, 0], [0, 0.1], [-0.1, 0.2], [0.1, 0.2]])
    angle = np.radians(20)

    def turned(by: float) -> np.ndarray:
        cos, sin = np.cos(by), np.sin(by)
        center = level.mean(axis=0)
        return (level - center) @ np.array([[cos, sin], [-sin, cos]]) + center

    np.testing.assert_allclose(real.upright(turned(0.75 * angle)), turned(angle), atol=1e-6)
