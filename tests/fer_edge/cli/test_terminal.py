"""Output to a terminal: no control characters, no markup; and output that cannot be written."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from device.model import content
from device.system.terminal import verbatim
from fer_edge import zoo
from fer_edge.cli.app import app

FULL = Path("/dev/full")
EVIL = "\x1b]0;title\x07\x9b31m\u202e"
LABELS = ("[neutral]", f"happy{EVIL}", "[/]", "sad", "anger", "disgust", "fear", "contempt")
RAW = [char for char in EVIL if not char.isprintable()]


def command(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A model with hostile labels, and an image with a hostile name."""
    data = pytest.importorskip("skimage.data")
    folder = tmp_path_factory.mktemp("hostile")
    model, picture = folder / "model.tflite", folder / f"pic{EVIL}[bold].png"
    shipped = zoo.resolve("zoo:nano/ferplus_int8").read_bytes()
    model.write_bytes(shipped[: shipped.rindex(b"PK\x03\x04")])
    with zipfile.ZipFile(model, "a") as archive:
        archive.writestr(content.LABEL_FILE, "\n".join(LABELS))
    picture.write_bytes(cv2.imencode(".png", data.astronaut()[:, :, ::-1])[1].tobytes())
    return model, picture


def test_text_of_others_is_shown_as_written_and_commands_nothing():
    assert verbatim("[neutral]") == "\\[neutral]"
    assert verbatim("a\x1bb\nc") == "a\\x1bb\nc"


def test_predict_shows_hostile_labels_and_names_and_commands_nothing(files):
    done = command("predict", *files)
    assert done.exit_code == 0, done.output
    assert not [char for char in RAW if char in done.stdout]
    assert "[neutral]" in done.stdout and "[/]" in done.stdout and "[bold].png" in done.stdout
    assert "happy\\x1b]0;title" in done.stdout


@pytest.mark.parametrize("arguments", [("predict", "--json"), ("run",)])
def test_json_escapes_them_and_means_the_same(files, arguments):
    done = subprocess.run(
        [sys.executable, "-c", "from fer_edge.cli.app import app; app()", *arguments, *files],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not [char for char in RAW if char in done.stdout + done.stderr]
    (face,) = json.loads(done.stdout)["faces"]
    assert tuple(face["probabilities"]) == LABELS


@pytest.mark.parametrize("name", ["predict", "inspect", "run"])
def test_errors_name_hostile_files_in_one_printable_line(files, name, tmp_path):
    missing = tmp_path / f"none{EVIL}.tflite"
    done = command(name, missing, *files[1:] * (name != "inspect"))
    assert done.exit_code == 2
    assert not [char for char in RAW if char in done.stderr]
    assert len(done.stderr.splitlines()) == 1 and "no such model file" in done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
@pytest.mark.parametrize(
    "arguments", [["--version"], ["zoo"], ["predict", "--help"], ["predict"], ["run"]]
)
def test_an_output_that_takes_nothing_is_one_line_and_exit_code_2(files, arguments):
    if arguments in (["predict"], ["run"]):
        arguments = [*arguments, str(files[1])]
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from fer_edge.cli.app import app; app()", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("fer-edge: ")]
    assert len(errors) == 1 and "No space left on device" in errors[0]
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


def test_a_reader_that_has_seen_enough_ends_a_command_in_silence():
    program = "from fer_edge.cli.app import app; app()"
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -c "{program}" inspect zoo:base --json | head -c 1'],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "{" and done.stderr == ""
