"""`fer-edge predict`, as a user runs it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from device.image import file as image_file
from device.labels import FER2013


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run `fer-edge predict …` in a temporary folder; returns exit code, stdout and stderr."""
    from fer_edge.cli.app import app

    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        result = CliRunner().invoke(app, ["predict", *map(str, arguments)])
        return result.exit_code, result.stdout, result.stderr

    return run


@pytest.fixture
def pictures(tmp_path, portrait, still_life):
    image_file.write(tmp_path / "portrait.png", portrait)
    image_file.write(tmp_path / "coffee.png", still_life)
    return tmp_path


def test_the_distribution_of_a_face_is_printed(run, models, pictures):
    code, out, _ = run(models["int8"], "portrait.png")
    assert code == 0
    assert "portrait.png: 1 face" in out
    assert all(label in out for label in FER2013)
    assert out.count("%") == 7


def test_json_is_one_object_a_picture(run, models, pictures):
    code, out, _ = run(models["int8"], "portrait.png", "coffee.png", "--json")
    assert code == 0
    portrait, coffee = map(json.loads, out.splitlines())
    assert portrait["schema_version"] == "1.0"
    assert portrait["model"] == str(models["int8"])
    assert portrait["image"] == "portrait.png"
    (face,) = portrait["faces"]
    assert set(face) == {"box", "label", "probabilities"}
    assert set(face["box"]) == {"x", "y", "w", "h"}
    assert tuple(face["probabilities"]) == FER2013
    assert face["label"] == max(face["probabilities"], key=face["probabilities"].get)
    assert coffee["faces"] == []


def test_a_picture_without_a_face_says_so(run, models, pictures):
    code, out, _ = run(models["int8"], "coffee.png")
    assert code == 0
    assert "coffee.png: no face found" in out


def test_out_draws_and_leaves_the_picture_alone(run, models, pictures, portrait):
    code, _, _ = run(models["int8"], "portrait.png", "--out", "drawn.png")
    assert code == 0
    drawing = image_file.read(pictures / "drawn.png")
    assert drawing.shape == portrait.shape and np.any(drawing != portrait)
    np.testing.assert_array_equal(image_file.read(pictures / "portrait.png"), portrait)


def test_several_pictures_are_drawn_into_a_folder(run, models, pictures):
    code, _, _ = run(models["int8"], "portrait.png", "coffee.png", "--out", "drawn")
    assert code == 0
    assert sorted(path.name for path in (pictures / "drawn").iterdir()) == [
        "coffee.png",
        "portrait.png",
    ]


@pytest.mark.parametrize("out", ["portrait.png", "./portrait.png", "link.png", "."])
def test_no_picture_is_drawn_over(run, models, pictures, portrait, out):
    (pictures / "link.png").symlink_to("portrait.png")
    code, _, err = run(models["int8"], "portrait.png", "--out", out)
    assert code == 2
    assert "would overwrite" in err
    np.testing.assert_array_equal(image_file.read(pictures / "portrait.png"), portrait)


def test_two_drawings_to_one_place_are_refused(run, models, pictures, portrait):
    image_file.write(pictures / "other" / "portrait.png", portrait)
    code, _, err = run(models["int8"], "portrait.png", "other/portrait.png", "--out", "drawn")
    assert code == 2
    assert "same name" in err
    assert not (pictures / "drawn").exists()


def test_an_existing_drawing_is_replaced_by_force_alone(run, models, pictures):
    (pictures / "drawn.png").write_bytes(b"a user's own")
    code, _, err = run(models["int8"], "portrait.png", "--out", "drawn.png")
    assert code == 2 and "drawn.png: exists already" in err
    assert (pictures / "drawn.png").read_bytes() == b"a user's own"
    code, _, _ = run(models["int8"], "portrait.png", "--out", "drawn.png", "--force")
    assert code == 0 and image_file.read(pictures / "drawn.png").shape == (512, 512, 3)


def test_a_folder_stands_for_its_pictures(run, models, pictures):
    code, out, _ = run(models["int8"], ".", "--json", "--out", "drawn")
    assert code == 0
    assert [json.loads(line)["image"] for line in out.splitlines()] == [
        "coffee.png",
        "portrait.png",
    ]
    assert len(list((pictures / "drawn").iterdir())) == 2
    (pictures / "empty").mkdir()
    code, _, err = run(models["int8"], "empty")
    assert code == 2 and "empty contains no images" in err


def test_broken_pictures_do_not_stop_the_others(run, models, pictures):
    (pictures / "broken.png").write_bytes(b"no picture")
    code, out, err = run(
        models["int8"], "broken.png", "none.jpg", "portrait.png", "--json", "--out", "drawn"
    )
    assert code == 2
    assert [json.loads(line)["image"] for line in out.splitlines()] == ["portrait.png"]
    first, second = err.splitlines()
    assert first.startswith("fer-edge: broken.png is not an image")
    assert second == "fer-edge: none.jpg: no such image"
    assert [path.name for path in (pictures / "drawn").iterdir()] == ["portrait.png"]


def test_an_address_is_refused_without_its_password(run, models, pictures):
    code, _, err = run(models["int8"], "https://me:secret@example.org/face.jpg", "portrait.png")
    assert code == 2 and "download the image first" in err and "secret" not in err


def test_the_model_is_named_as_for_run(run, models, pictures, monkeypatch):
    """First argument, --model, environment, in this order; also with a suffix in capitals."""
    capitals = pictures / "MODEL.TFLITE"
    capitals.write_bytes(models["int8"].read_bytes())

    def model_of(*arguments):
        code, out, err = run(*arguments, "portrait.png", "--json")
        assert code == 0, err
        return json.loads(out)["model"]

    monkeypatch.setenv("FER_EDGE_MODEL", str(models["float32"]))
    assert model_of() == str(models["float32"])
    assert model_of("--model", models["int8"]) == str(models["int8"])
    assert model_of("--model", models["int8"], "MODEL.TFLITE") == "MODEL.TFLITE"
    monkeypatch.setenv("FER_EDGE_MODEL", "")
    assert "/zoo/" in model_of()
    assert "/zoo/nano/" in model_of("zoo:nano")


@pytest.mark.parametrize(
    ("model", "picture", "complaint"),
    [
        ("none.tflite", "portrait.png", "none.tflite: no such model file"),
        ("fake.tflite", "portrait.png", "fake.tflite is not a .tflite file"),
        ("zoo:huge", "portrait.png", "no model zoo:huge"),
        (None, "none.png", "none.png: no such image"),
        (None, "text.png", "text.png is not an image"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run, models, pictures, model, picture, complaint):
    (pictures / "text.png").write_text("not a picture")
    (pictures / "fake.tflite").write_text("not a model")
    code, out, err = run(model or models["int8"], picture)
    assert code == 2
    assert complaint in err and len(err.splitlines()) == 1
    assert out == ""


def test_predict_loads_no_training_code(models, pictures):
    program = (
        "import atexit, sys; sys.argv[0] = 'fer-edge'; from fer_edge.cli.app import app;"
        "training = {'tensorflow', 'tf_keras', 'matplotlib'};"
        "atexit.register(lambda: print('loaded', sorted(training & set(sys.modules)))); app()"
    )
    command = [sys.executable, "-c", program, "predict", models["int8"], pictures / "portrait.png"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded []"


def test_landmarks_add_points_and_pose(run, models, pictures):
    code, out, _ = run(models["int8"], "portrait.png", "--json", "--landmarks", "zoo:landmarks")
    assert code == 0
    (face,) = json.loads(out)["faces"]
    box = face["box"]
    for x, y in face["landmarks"]:
        assert box["x"] - box["w"] / 4 < x < box["x"] + 1.25 * box["w"]
        assert box["y"] - box["h"] / 4 < y < box["y"] + 1.25 * box["h"]
    eye, chin = face["landmarks"][36], face["landmarks"][8]
    assert eye[1] < chin[1]
    assert set(face["pose"]) == {"yaw", "pitch", "roll"}


def test_landmarks_are_drawn_and_the_pose_is_printed(run, models, pictures):
    code, out, _ = run(models["int8"], "portrait.png", "--out", "plain.png")
    assert code == 0
    drawn = ("--landmarks", "zoo:landmarks", "--align", "landmarks", "--out", "marked.png")
    code, out, _ = run(models["int8"], "portrait.png", *drawn)
    assert code == 0
    assert "yaw " in out and "roll " in out
    plain, marked = (image_file.read(pictures / name) for name in ("plain.png", "marked.png"))
    assert (plain != marked).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--landmarks", "none.tflite"), "none.tflite"),
        (("--landmarks", "portrait.png"), "portrait.png"),
        (("--landmarks", "zoo:base"), "give zoo:landmarks or a .tflite file"),
        (("--align", "landmarks"), "--align landmarks needs --landmarks"),
        (("--landmarks", "zoo:landmarks", "--batch"), "--batch takes no --landmarks"),
    ],
)
def test_wrong_landmarks_end_in_one_line(run, models, pictures, options, message):
    code, out, err = run(models["int8"], "portrait.png", *options)
    assert code == 2 and not out
    assert message in err and len(err.strip().splitlines()) == 1


def test_a_classifier_is_refused_as_model_of_landmarks(run, models, pictures):
    code, _, err = run(models["int8"], "portrait.png", "--landmarks", models["int8"])
    assert code == 2
    assert "is no model of landmarks" in err
