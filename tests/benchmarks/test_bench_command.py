import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.counting import kit
from benchmarks.latency import measure as latency
from benchmarks.models import external_file, reference
from benchmarks.results import file as results_file
from device.labels import FER2013
from fer_edge.cli.app import app
from fer_edge.data.dataset import Dataset


@pytest.fixture(scope="module")
def npz(tmp_path_factory, faces):
    """40 faces, half val and half test; the first of val is also in train."""
    draw = np.random.default_rng(3)
    votes = np.zeros((41, 10), np.uint8)
    votes[np.arange(41), draw.integers(0, 8, 41)] = 10
    path = tmp_path_factory.mktemp("data") / "noise.npz"
    Dataset(
        images=np.concatenate([faces, faces[:1]]),
        labels=draw.integers(0, 7, 41).astype(np.int16),
        split=np.array([1] * 20 + [2] * 20 + [0], np.uint8),
        votes=votes,
        names=np.array([f"noise.csv:{line}" for line in range(2, 43)]),
        label_names=FER2013,
        provenance={"name": "noise", "synthetic": False},
    ).save(path)
    return path


def bench(*arguments):
    brief = ("--rounds", "2", "--cold", "1")
    return CliRunner().invoke(app, ["bench", *brief, *map(str, arguments)])


@pytest.mark.slow
def test_bench_measures_val_unless_test_is_asked_for(npz, model_files, tmp_path):
    for split, out in (((), "a"), (("--split", "test"), "b")):
        ran = bench(*model_files.values(), "--data", npz, "--out", tmp_path / out, *split)
        assert ran.exit_code == 0, ran.output
        assert "report.md" in ran.output
    val, test = (results_file.load(tmp_path / out / "results.json")["data"] for out in "ab")
    assert (val["split"], val["images"], val["leaked"]) == ("val", 20, 1)
    assert (test["split"], test["images"], test["leaked"]) == ("test", 20, 0)


@pytest.mark.slow
def test_bench_without_data_measures_on_synthetic_faces_and_says_so(model_files, tmp_path):
    ran = bench(model_files["int8"], "--out", tmp_path / "out")
    assert ran.exit_code == 0, ran.output
    assert "does not apply to people" in ran.output
    assert results_file.load(tmp_path / "out" / "results.json")["data"]["synthetic"]


@pytest.mark.slow
def test_bench_does_not_wait_for_tensorflow(npz, model_files, tmp_path):
    command = ["fer-edge", "bench", model_files["int8"], "--data", npz, "--out", tmp_path / "out"]
    program = (
        "import atexit, sys; from fer_edge.cli.app import app; sys.argv = sys.argv[1:];"
        "atexit.register(lambda: print('tensorflow' in sys.modules)); app()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *map(str, command)], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "False"


@pytest.mark.slow
def test_json_is_all_that_is_printed(npz, model_files, tmp_path):
    ran = bench(model_files["int8"], "--data", npz, "--out", tmp_path / "out", "--json")
    assert json.loads(ran.stdout) == results_file.load(tmp_path / "out" / "results.json")


@pytest.mark.slow
def test_results_that_are_there_stay_without_force(npz, model_files, tmp_path):
    command = [model_files["int8"], "--data", npz, "--out", tmp_path]
    (tmp_path / "results.json").write_text("mine")
    refused = bench(*command)
    assert refused.exit_code == 2
    assert "exists already" in refused.output
    assert (tmp_path / "results.json").read_text() == "mine"
    assert bench(*command, "--force").exit_code == 0
    assert results_file.load(tmp_path / "results.json")


@pytest.mark.slow
def test_ctrl_c_shows_what_there_is_and_exits_130(npz, model_files, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(latency, "rounds", interrupted)
    ran = bench(model_files["int8"], "--data", npz, "--out", tmp_path / "out")
    assert ran.exit_code == 130
    assert "Partial" in ran.output
    assert results_file.load(tmp_path / "out" / "results.json")["partial"]


def test_bench_without_a_model_measures_the_one_that_ships(npz, tmp_path):
    ran = bench("--data", npz, "--out", tmp_path)
    assert ran.exit_code == 0, ran.output
    (model,) = results_file.load(tmp_path / "results.json")["models"]
    assert "zoo/base" in model["path"]


@pytest.mark.slow
def test_full_sweeps_threads_and_kernels_and_profiles(npz, model_files, tmp_path):
    command = [model_files["int8"], "--data", npz, "--out", tmp_path, "--full"]
    assert bench(*command).exit_code == 0
    found = results_file.load(tmp_path / "results.json")
    assert found["protocol"]["threads"] == [1, 2, 4]
    (model,) = found["models"]
    assert [(one["resolver"], one["threads"]) for one in model["sweep"]] == [
        ("xnnpack", 2),
        ("xnnpack", 4),
        ("builtin", 1),
    ]
    assert model["operators"]["rows"]
    assert found["peak"]


@pytest.mark.slow
def test_a_model_of_others_without_its_description_is_refused(npz, model_files, tmp_path):
    (tmp_path / "other.toml").write_text('head = "fer2013"')
    ran = bench(model_files["int8"], "--data", npz, "--peer", tmp_path / "other.toml")
    assert ran.exit_code == 2
    assert "labels is missing" in ran.output


@pytest.mark.parametrize(
    "option",
    [
        ("--threads", "0"),
        ("--threads", "1,,2"),
        ("--threads", "two"),
        ("--cold", "-1"),
        ("--split", "train"),
    ],
)
def test_bench_refuses_an_option_out_of_range(option):
    assert bench("any.tflite", *option).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--count", "cortex-a99"), "core 'cortex-a99' is not supported: use cortex-a53"),
        (("--no-timing",), "name cores with --count"),
        (("--count", "cortex-a72", "--on", "ssh://pi"), "omit --on"),
    ],
)
def test_counts_that_cannot_be_had_are_refused_in_one_line(arguments, message, tmp_path):
    ran = bench(*arguments, "--out", tmp_path / "out")
    assert ran.exit_code == 2
    assert message in ran.output
    assert not (tmp_path / "out").exists()


def test_counting_without_the_kit_says_what_to_fetch(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    ran = bench("--count", "cortex-a72", "--no-timing", "--out", tmp_path / "out")
    assert ran.exit_code == 2
    assert "run `fer-edge fetch arm`" in ran.output


def test_counts_alone_need_no_timing(tmp_path):
    if not kit.is_installed():
        pytest.skip("needs `fer-edge fetch arm`")
    ran = bench("zoo:nano", "--count", "cortex-a76", "--no-timing", "--out", tmp_path / "out")
    assert ran.exit_code == 0, ran.output
    (model,) = results_file.load(tmp_path / "out" / "results.json")["models"]
    assert [count["core"] for count in model["counts"]] == ["cortex-a76"]
    assert model["latency"] is None and model["accuracy"] is None and model["cold"] is None
    assert "Synthetic" not in (tmp_path / "out" / "report.md").read_text()


def test_a_description_is_begun_beside_the_model_and_kept(tmp_path):
    model = tmp_path / "net.tflite"
    model.write_bytes(reference.PATH.read_bytes())
    ran = bench("--peer-init", model)
    assert ran.exit_code == 0, ran.output
    assert f"fer-edge bench {model} --peer {tmp_path / 'net.toml'}" in ran.stdout
    assert external_file.load(tmp_path / "net.toml")[1] == model
    again = bench("--peer-init", model)
    assert again.exit_code == 2 and "net.toml" in again.stderr
    assert bench("--peer-init", tmp_path / "none.tflite").exit_code == 2
