import os
import sys

import numpy as np
import pytest

from benchmarks.backends import backend
from benchmarks.latency.timer import time_calls
from device.errors import InputError
from device.model.classifier import Classifier


@pytest.fixture(autouse=True)
def without_variables(monkeypatch, request):
    if "real" not in request.node.name:
        for name in backend.PYTHON.values():
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def worker(model_files):
    opened = backend.Worker(sys.executable, "litert", model_files["int8"], 1, "xnnpack")
    with opened:
        yield opened


def test_a_worker_says_what_the_model_says_here(worker, model_files, faces):
    here = Classifier(model_files["int8"])
    for face in faces[:5]:
        np.testing.assert_array_equal(worker(face), here(face))
    facts = ("labels", "precision", "runtime", "delegated")
    assert [getattr(worker, name) for name in facts] == [getattr(here, name) for name in facts]


def test_a_worker_takes_its_turns_among_others(worker, model_files, faces):
    both = [Classifier(model_files["int8"]), worker]
    found = np.array([time_calls(one, list(faces[:4])) for _ in range(3) for one in both])
    assert found.shape == (6, 4)
    assert (found > 0).all()
    assert worker(faces[0]).shape == (7,)  # and goes on answering


def test_a_closed_worker_is_no_process_any_more(worker):
    worker.close()
    assert worker._process.poll() == 0


def test_a_worker_that_dies_is_one_line(worker, faces):
    worker._process.kill()
    with pytest.raises(InputError, match=r"int8.tflite in litert of .*: ended with code -9"):
        worker(faces[0])


def test_a_model_that_the_backend_cannot_open_is_named(tmp_path):
    path = tmp_path / "none.tflite"
    with pytest.raises(InputError, match=r"none.tflite: no such model file"):
        backend.Worker(sys.executable, "litert", path, 1, "xnnpack")


def test_a_python_without_the_backend_does_not_pass_for_it(model_files, monkeypatch):
    pytest.importorskip("ai_edge_litert")
    monkeypatch.setenv(backend.PYTHON["tflite-runtime"], sys.executable)
    with pytest.raises(InputError, match="No module named 'tflite_runtime'"):
        backend.open("tflite-runtime", model_files["int8"])


def test_a_python_that_is_none_is_named(model_files, monkeypatch, tmp_path):
    monkeypatch.setenv(backend.PYTHON["tflite-runtime"], str(tmp_path / "python"))
    with pytest.raises(InputError, match="python cannot be started"):
        backend.open("tflite-runtime", model_files["int8"])


def test_the_own_runtime_needs_no_process(model_files, faces):
    name = backend.available()[0]
    opened = backend.open(name, model_files["int8"], resolver="builtin")
    assert isinstance(opened, Classifier) and not opened.delegated


def test_a_backend_that_is_not_there_says_how_to_get_it(model_files, monkeypatch):
    monkeypatch.setattr(backend.importlib.util, "find_spec", lambda package: None)
    assert len(backend.available()) == 1
    with pytest.raises(InputError, match="FER_EDGE_ONNXRUNTIME_PYTHON"):
        backend.open("onnxruntime", model_files["int8"])
    with pytest.raises(InputError, match="litert, tflite-runtime, tensorflow, onnxruntime"):
        backend.open("torch", model_files["int8"])


@pytest.mark.slow
@pytest.mark.parametrize("name", backend.NAMES[1:])
def test_a_real_backend_agrees(name, model_files, faces):
    if name != "tensorflow" and not os.environ.get(backend.PYTHON[name]):
        pytest.skip(f"no {backend.PYTHON[name]}: make environments")
    here = Classifier(model_files["int8"])
    with backend.open(name, model_files["int8"]) as there:
        assert there.runtime.startswith(name)
        for face in faces[:5]:
            np.testing.assert_allclose(there(face), here(face), atol=0.07)
        assert len(there.time(list(faces[:3]))) == 3
