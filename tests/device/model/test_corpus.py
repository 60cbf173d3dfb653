"""Changed model files that once ended the process: every command that reads one reports it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fer_edge.cli.app import app

from .fuzz import apply

CORPUS = Path(__file__).with_name("corpus")
CHANGES = json.loads((CORPUS / "changes.json").read_text())


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    data = pytest.importorskip("skimage.data")
    cv2 = pytest.importorskip("cv2")
    path = tmp_path_factory.mktemp("corpus") / "portrait.png"
    cv2.imwrite(str(path), data.astronaut()[:, :, ::-1])
    return path


@pytest.mark.parametrize("base", CHANGES)
def test_the_unchanged_file_runs(base, picture):
    done = CliRunner().invoke(app, ["predict", str(CORPUS / f"{base}.tflite"), str(picture)])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("base", "at", "value"), [(base, *change) for base in CHANGES for change in CHANGES[base]]
)
def test_a_file_that_crashes_a_runtime_is_one_line_and_exit_code_2(
    base, at, value, picture, tmp_path
):
    path = tmp_path / "changed.tflite"
    path.write_bytes(apply((CORPUS / f"{base}.tflite").read_bytes(), (at, bytes.fromhex(value))))
    done = CliRunner().invoke(app, ["predict", str(path), str(picture)])
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1
    assert str(path) in done.stderr
