import json
import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from device.errors import InputError, RuntimeCrashError
from device.model import isolated
from device.model.classifier import Classifier
from device.system import sha256sums
from fer_edge.cli.app import app
from quantization.verify.agreement import Bound
from quantization.verify.runtimes import verify

TFLITE = os.environ.get("FER_EDGE_TFLITE_RUNTIME_PYTHON")
BOUND = Bound(disagreements=0.02, difference=0.2)


@pytest.fixture(scope="module")
def npz(stripes):
    return stripes("val")


def run(*arguments):
    environment = {"COLUMNS": "140", "FER_EDGE_TFLITE_RUNTIME_PYTHON": None}
    return CliRunner(env=environment).invoke(app, ["verify", *map(str, arguments)])


@pytest.mark.slow
def test_a_file_answers_alike_with_all_kernels_and_threads(mobile, images, classes):
    found = verify(
        mobile.file("int8"),
        images,
        n=100,
        bound=BOUND,
        parent=mobile.file("float32"),
        classes=classes,
    )
    ways = [(each.resolver, each.threads) for each in found.runs]
    assert ways == [("xnnpack", 1), ("xnnpack", 2), ("reference", 1), ("reference", 2)]
    assert [each.problem for each in found.runs] == [None] * 4
    assert [each.delegated for each in found.runs] == [True, True, False, False]
    # Threads share the work out and change no bit.
    assert found.runs[1].difference.max_difference == 0
    assert found.runs[2].difference == found.runs[3].difference
    assert {each.difference.n for each in found.runs} == {100}

    ours, theirs = (
        np.stack([Classifier(mobile.file(name))(image).copy() for image in images])
        for name in ("int8", "float32")
    )
    assert found.parent.n == found.labeled == len(images)
    assert found.parent.disagreements == np.sum(ours.argmax(axis=1) != theirs.argmax(axis=1))
    assert found.parent.max_difference == pytest.approx(np.abs(ours - theirs).max())
    right = [probabilities.argmax(axis=1) == classes for probabilities in (theirs, ours)]
    assert found.accuracy == tuple(each.mean() for each in right)
    assert found.test.only_first == np.sum(right[0] & ~right[1])
    assert not found.has_card


@pytest.mark.slow
def test_runs_beyond_the_bound_are_named(mobile, images):
    found = verify(mobile.file("int8"), images, n=50, bound=Bound(0.0, 1e-9))
    problems = [each.problem for each in found.runs]
    assert problems[:2] == [None, None]
    assert all("differ" in problem for problem in problems[2:])


@pytest.mark.slow
@pytest.mark.skipif(TFLITE is None, reason="no FER_EDGE_TFLITE_RUNTIME_PYTHON: make environments")
def test_tflite_runtime_answers_alike_in_its_own_environment(mobile, images):
    found = verify(mobile.file("int8"), images, n=50, bound=BOUND, pythons=(Path(TFLITE),))
    assert [each.runtime.split()[0] for each in found.runs[4:]] == ["tflite-runtime"] * 4
    assert [each.problem for each in found.runs] == [None] * 8


@pytest.mark.slow
def test_the_command_prints_a_table_and_the_test_on_the_labels(mobile, npz):
    ran = run(mobile.file("int8"), "--parent", mobile.file("float32"), "--data", npz, "-n", 50)
    assert ran.exit_code == 0, ran.output
    assert "tflite-runtime: not checked" in ran.output
    assert "McNemar's test: p = " in ran.output


@pytest.mark.slow
def test_the_command_ends_with_1_where_runs_disagree(mobile, npz):
    ran = run(
        mobile.file("int8"), "--data", npz, "--max-difference", 0, "--max-changed", 1, "--json"
    )
    found = json.loads(ran.stdout)
    problems = [each["problem"] for each in found["runs"] if each["problem"]]
    assert ran.exit_code == 1 and problems and not found["ok"]
    assert found["parent"] is None and found["test"] is None
    assert "a probability differs by" in ran.stderr and ran.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_file_that_differs_from_its_digest_is_refused(mobile, npz, tmp_path):
    model = shutil.copyfile(mobile.file("int8"), tmp_path / "signed.tflite")
    sha256sums.write(tmp_path / sha256sums.NAME, [model])
    ran = run(model, "--data", npz, "-n", 10)
    assert ran.exit_code == 0 and f"digest: as in {tmp_path}" in ran.output
    (tmp_path / sha256sums.NAME).write_text(f"{'0' * 64}  {model.name}\n")
    ran = run(model, "--data", npz)
    assert ran.exit_code == 2, ran.output
    assert ran.stderr.count("\n") == 1 and "differs from its digest" in ran.stderr


@pytest.mark.slow
def test_what_is_no_model_of_ours_is_refused_in_one_line(mobile, npz, tmp_path):
    content = mobile.file("int8").read_bytes()
    broken = tmp_path / "broken.tflite"
    for damaged, complaint in (
        (content[:3000], "cut short"),
        (content[:20] + bytes(2000) + content[2020:], "damaged"),
        (b"no model at all", "is not a .tflite file"),
        (content[: content.rindex(b"PK\3\4")], "has no labels.txt"),
    ):
        broken.write_bytes(damaged)
        ran = run(broken, "--data", npz)
        assert ran.exit_code == 2, ran.output
        assert ran.stderr.count("\n") == 1 and complaint in ran.stderr


@pytest.mark.slow
def test_a_parent_with_other_labels_is_refused(mobile, npz):
    ran = run(mobile.file("int8", "ferplus"), "--parent", mobile.file("int8"), "--data", npz)
    assert ran.exit_code == 2 and "have different labels" in ran.stderr


def test_a_crash_of_the_runtime_is_told(tmp_path, images):
    """A Python that crashes as a runtime does in its kernels."""
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable}\nimport os\nos.kill(os.getpid(), {signal.SIGSEGV:d})\n")
    python.chmod(0o755)
    with pytest.raises(
        RuntimeCrashError, match=r"m\.tflite: the runtime crashes on it \(SIGSEGV\)"
    ):
        isolated.run_isolated(tmp_path / "m.tflite", images[:1], python=python)


def test_a_python_that_cannot_run_models_is_told(tmp_path, images):
    with pytest.raises(InputError, match="cannot be started"):
        isolated.run_isolated(tmp_path / "m.tflite", images[:1], python=tmp_path / "none")
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'No module named numpy' >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(InputError, match="cannot run models: No module named numpy"):
        isolated.run_isolated(tmp_path / "m.tflite", images[:1], python=python)
