"""`import fer_edge`: light to import, typed results, the same answers as the commands."""

import doctest
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut
from typer.testing import CliRunner

import device
import fer_edge
from device.errors import InputError
from device.labels import FER2013
from fer_edge.cli.app import app

HEAVY = {"cv2", "tensorflow", "tf_keras", "keras", "matplotlib", "pydantic"}


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a new Python process has loaded after a statement."""
    program = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("api") / "portrait.png"
    cv2.imwrite(str(path), astronaut()[:, :, ::-1])
    return path


@pytest.fixture(scope="module")
def model() -> fer_edge.Model:
    return fer_edge.load("zoo:nano")


def test_importing_fer_edge_loads_nothing_heavy() -> None:
    assert not HEAVY & loaded_by("import fer_edge")


def test_no_module_of_device_loads_training_code() -> None:
    names = [m.name for m in pkgutil.walk_packages(device.__path__, "device.")]
    optional = {"device.preview", "device.sinks.mqtt"}  # extras that a base install lacks
    wanted = [n for n in names if not any(n.startswith(prefix) for prefix in optional)]
    assert len(wanted) > 40
    modules = loaded_by("\n".join(f"import {name}" for name in wanted))
    assert not {"tensorflow", "tf_keras", "fer_edge", "quantization", "benchmarks"} & modules


def test_every_public_name_is_there() -> None:
    assert set(fer_edge.__all__) <= set(dir(fer_edge))
    for name in fer_edge.__all__:
        assert getattr(fer_edge, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = fer_edge.nothing


def test_a_path_an_array_and_a_pil_image_give_the_same_faces(model, portrait: Path) -> None:
    image = pytest.importorskip("PIL.Image").open(portrait)
    by_path, by_array, by_image = (
        model.predict(picture) for picture in (portrait, cv2.imread(str(portrait)), image)
    )
    assert by_path == by_array == by_image
    (face,) = by_path
    assert face.label == "happy" and face.confidence > 0.5
    assert face.confidence == max(face.probabilities.values())
    assert tuple(face.probabilities) == model.labels == FER2013


def test_predict_says_what_the_command_says(model, portrait: Path) -> None:
    told = CliRunner().invoke(app, ["predict", "zoo:nano", str(portrait), "--json"]).stdout
    (face,) = json.loads(told)["faces"]
    (ours,) = model.predict(portrait)
    assert face["label"] == ours.label
    assert face["probabilities"] == pytest.approx(ours.probabilities, abs=1e-6)


def test_crops_are_classified_without_detection(model) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    many = model.classify(faces)
    assert many.shape == (3, 7) and many.dtype == np.float32
    np.testing.assert_array_equal(many[1], model.classify(faces[1]))
    assert model.classify(faces[:0]).shape == (0, 7)
    with pytest.raises(ValueError, match="uint8"):
        model.classify(faces.astype(np.float32))


def test_a_model_says_what_it_is(model) -> None:
    assert model.precision == "int8" and model.input_shape == (1, 48, 48, 1)
    assert model.card is not None and model.card["precision"] == "int8"
    assert "happy" in repr(model)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fer_edge.load("zoo:giant"), "zoo:giant"),
        (lambda: fer_edge.load("none.tflite"), "none.tflite"),
        (lambda: fer_edge.load("zoo:nano", detector="eyes"), "eyes"),
        (lambda: fer_edge.load("zoo:nano").predict("none.png"), "none.png"),
        (lambda: fer_edge.load("zoo:nano").predict(7), "int is not an image"),
        (lambda: list(fer_edge.track(fer_edge.load("zoo:nano"), "none.mp4")), "none.mp4"),
        (lambda: fer_edge.export("zoo:giant"), "giant"),
        (lambda: fer_edge.train("no such recipe"), "no such recipe"),
        (lambda: fer_edge.quantize(object(), "x.tflite", np.zeros((1, 48, 48))), "labels"),
        (
            lambda: fer_edge.quantize(object(), "x", np.zeros((1, 48, 48)), labels=["a"]),
            "neither a Keras model nor a path",
        ),
    ],
)
def test_wrong_input_is_one_line(call, message: str) -> None:
    with pytest.raises(fer_edge.InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_video_is_tracked_frame_by_frame(model, portrait: Path, tmp_path: Path) -> None:
    picture = cv2.resize(cv2.imread(str(portrait)), (320, 320))
    film = cv2.VideoWriter(
        str(tmp_path / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (320, 320)
    )
    for _ in range(6):
        film.write(picture)
    film.release()
    frames = list(fer_edge.track(model, str(tmp_path / "film.avi"), frames=4))
    assert [frame.number for frame in frames] == [0, 1, 2, 3]
    assert {face.track for frame in frames for face in frame.faces} == {frames[0].faces[0].track}
    assert frames[-1].faces[0].label == "happy"
    assert set(frames[0].milliseconds) >= {"detect", "classify", "track"}


def test_a_benchmark_gives_typed_figures_of_the_file_it_wrote(tmp_path: Path) -> None:
    done = fer_edge.benchmark(["zoo:nano"], out=tmp_path / "bench", rounds=2, sample=20)
    (nano,) = done.models
    assert nano.accuracy.n == 20 and nano.accuracy.top1_ci95[0] <= nano.accuracy.top1
    assert 0 < nano.latency.p50_us <= nano.latency.p99_us
    assert nano.bytes == nano.path.stat().st_size and not done.partial
    written = json.loads(done.results.read_text())
    assert written["models"][0]["accuracy"]["top1"] == nano.accuracy.top1
    with pytest.raises(fer_edge.InputError, match=r"results\.json"):
        fer_edge.benchmark(["zoo:nano"], out=tmp_path / "bench")


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"rounds": 0}, "rounds is 0: give 1 or more"),
        ({"threads": 0}, "threads is 0: give 1 or more"),
        ({"sample": 0}, "sample is 0: give 1 or more"),
        ({"split": "train"}, "split 'train': give val or test"),
        ({"models": ["zoo:nan"]}, "no model zoo:nan"),
    ],
)
def test_wrong_arguments_of_a_benchmark_are_refused_before_the_data_is_read(wrong, line, tmp_path):
    with pytest.raises(fer_edge.InputError, match=line):
        fer_edge.benchmark(data=tmp_path / "gone.npz", out=tmp_path / "bench", **wrong)
    assert not (tmp_path / "bench").exists()


def test_a_training_that_cannot_count_is_refused_before_its_data_is_prepared(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "without-kit"))
    overrides = (
        *("channels.epochs=1", "channels.learning_rate=1e-3"),
        "channels.target=instructions:cortex-a72",
    )
    with pytest.raises(InputError, match="fetch arm"):
        fer_edge.train("demo", out=tmp_path / "run", overrides=overrides)
    assert not (tmp_path / "run").exists()


def test_export_writes_the_file_and_its_card(tmp_path: Path) -> None:
    done = fer_edge.export("zoo:nano", tmp_path / "expression.tflite", io="float32")
    assert done.files == (tmp_path / "expression.tflite",) and done.io == "float32"
    assert fer_edge.InputError  # the public name of the error of every call above


@pytest.mark.parametrize("name", ["model", "tracking", "build", "measure"])
def test_the_examples_of_docstrings_run(name: str) -> None:
    module = importlib.import_module(f"fer_edge.api.{name}")
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0
