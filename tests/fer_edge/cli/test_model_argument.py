"""A model is given in the same way to every command: first argument, --model, environment."""

import json

import pytest
from typer.testing import CliRunner

from fer_edge.cli.app import app


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_doctor_takes_the_model_as_argument_option_or_from_the_environment(monkeypatch):
    def tried(*arguments):
        found = json.loads(run("doctor", *arguments, "--json").stdout)["findings"]
        return next(one["says"] for one in found if one["name"] == "model")

    monkeypatch.setenv("FER_EDGE_MODEL", "zoo:nano/fer2013_float32")
    assert tried().startswith("fer2013_float32.tflite: float32")
    assert tried("--model", "zoo:nano").startswith("fer2013_int8.tflite")
    assert tried("zoo:nano/ferplus_int8", "--model", "zoo:nano").startswith("ferplus_int8.tflite")


@pytest.mark.parametrize("name", ["bench", "eval", "predict", "run", "serve"])
def test_the_environment_names_the_model_where_none_is_given(name, monkeypatch, tmp_path):
    if name == "serve":
        pytest.importorskip("starlette")
    monkeypatch.setenv("FER_EDGE_MODEL", str(tmp_path / "mine.tflite"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "picture.png").write_bytes(b"not read")
    done = run(name, *(["picture.png"] if name in ("predict", "run", "serve") else []))
    assert done.exit_code == 2 and "mine.tflite: no such model file" in done.stderr


@pytest.mark.parametrize("name", ["predict", "run", "doctor", "inspect", "export", "bench", "eval"])
def test_a_model_that_the_zoo_lacks_is_one_line(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.png").write_bytes(b"not read")
    done = run(name, "zoo:huge", *(["x.png"] if name in ("predict", "run") else []))
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1
    assert "no model zoo:huge" in done.stderr


def test_a_folder_for_a_file_names_the_option_that_was_given(tmp_path):
    done = run("quant-debug", "zoo:nano/fer2013_float32", "zoo:nano", "--plot", tmp_path)
    assert done.exit_code == 2 and "--plot needs the name of a file" in done.stderr
