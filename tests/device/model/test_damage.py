"""500 damaged copies of a model: each is refused in one line or runs, and none ends the process."""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from device.errors import InputError
from device.model import graph, trial
from device.model.classifier import Classifier

COPIES = 500
KINDS = ("cut", "bits", "noise", "zeros")


def damage(content: bytes, places: list[int], seed: int) -> tuple[str, bytes]:
    """Truncate a file, or change bytes at some of the positions."""
    draw = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    data = bytearray(content)
    if kind == "cut":
        return kind, bytes(data[: draw.randrange(1, len(data))])
    if kind == "bits":
        for _ in range(draw.choice([1, 4, 64])):
            data[draw.choice(places)] ^= 1 << draw.randrange(8)
        return kind, bytes(data)
    size = draw.choice([4, 16, 64, 256])
    start = min(draw.choice(places), len(data) - size)
    data[start : start + size] = draw.randbytes(size) if kind == "noise" else bytes(size)
    return kind, bytes(data)


def structure(content: bytes) -> list[int]:
    """Positions of the bytes that are not weights, which are few."""
    is_structure = np.ones(len(content), bool)
    start = np.frombuffer(content, np.uint8).ctypes.data
    for tensor in graph.parse(content, "model").tensors:
        if tensor.is_constant:
            at = np.frombuffer(tensor.values, np.uint8).ctypes.data - start
            is_structure[at : at + len(tensor.values)] = False
    return [int(place) for place in np.flatnonzero(is_structure)]


@pytest.fixture(scope="module")
def damaged(models, tmp_path_factory):
    content = models["int8"].read_bytes()
    places = structure(content)
    folder = tmp_path_factory.mktemp("damaged")
    for seed in range(COPIES):
        kind, data = damage(content, places, seed)
        (folder / f"{seed:03}_{kind}.tflite").write_bytes(data)
    return folder


PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from device.errors import InputError
from device.model import trial
from device.model.classifier import Classifier

trial.ensure_runs = lambda *_, **__: None  # the check of the structure alone

for path in sorted(Path(sys.argv[1]).iterdir()):
    print(path.stem, end=" ", flush=True)
    try:
        Classifier(path, resolver=sys.argv[2])(np.full((48, 48), 99, np.uint8))
    except InputError as error:
        assert "\\n" not in str(error) and str(path) in str(error), error
        print("refused", flush=True)
    else:
        print("runs", flush=True)
"""


@pytest.mark.parametrize("resolver", ["xnnpack", "builtin"])
def test_no_damaged_file_ends_the_process(damaged, resolver):
    command = [sys.executable, "-c", PROGRAM, damaged, resolver]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-100:] + done.stderr[-500:]
    answers = Counter(line.split()[1] for line in done.stdout.splitlines())
    assert answers.total() == COPIES
    # That some still run is no accident: a scale or a name changed, and the graph stayed a graph.
    assert answers["refused"] > COPIES / 2


def test_a_file_without_metadata_or_of_another_shape_is_refused(bare_models, save_model, tmp_path):
    bare, wide = tmp_path / "bare.tflite", tmp_path / "wide.tflite"
    bare.write_bytes(bare_models["int8"])
    save_model(wide, bare_models["wide"])
    with pytest.raises(InputError, match=r"no labels\.txt in its metadata"):
        Classifier(bare)
    with pytest.raises(InputError, match=r"takes input \[1, 64, 64, 1\]"):
        Classifier(wide)


@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_no_change_of_one_field_ends_a_command(models, precision):
    """A small part of `python tests/device/model/fuzz.py`, which tries 20,000 changes."""
    command = [sys.executable, Path(__file__).with_name("fuzz.py"), models[precision]]
    done = subprocess.run([*command, "--changes", "150"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_file_that_crashes_the_runtime_is_refused_and_tried_again(models, monkeypatch, tmp_path):
    """A runtime crash happens in a separate process."""
    crash = tmp_path / "crashing_runtime.py"
    crash.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path))
    content = models["int8"].read_bytes()

    def attempt(module):
        trial.ensure_runs(
            content, models["int8"], module=module, name=f"{module} 1.0", resolver="AUTO"
        )

    for _ in range(2):
        with pytest.raises(
            InputError, match=r"int8\.tflite crashes crashing_runtime 1.0 \(SIGSEGV"
        ):
            attempt("crashing_runtime")
    assert not (tmp_path / "cache").exists()
    attempt("ai_edge_litert.interpreter")
    assert len(list((tmp_path / "cache").rglob("models-that-run/*"))) == 1


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf, 1e-45])
def test_a_scale_that_is_none_is_refused(models, tmp_path, scale):
    whole = models["int8"].read_bytes()
    tensor = next(t for t in graph.parse(whole, "model").tensors if t.quantization)
    at = tensor.quantization.scales.ctypes.data - np.frombuffer(whole, np.uint8).ctypes.data
    content = bytearray(whole)
    content[at : at + 4] = np.float32(scale).tobytes()
    path = tmp_path / "scale.tflite"
    path.write_bytes(content)
    with pytest.raises(InputError, match="has a scale that is not finite or not above 0"):
        Classifier(path)


def test_an_output_that_is_no_number_is_refused(models, tmp_path):
    content = bytearray(models["float32"].read_bytes())
    parsed = graph.parse(bytes(content), "model")
    for tensor in parsed.tensors:
        if tensor.is_constant and tensor.dtype == "float32" and len(tensor.values) > 64:
            at = content.index(tensor.values.tobytes())
            content[at : at + len(tensor.values)] = b"\xff" * len(tensor.values)
    path = tmp_path / "nan.tflite"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"nan\.tflite outputs nan, .* not probabilities"):
        Classifier(path)(np.full((48, 48), 99, np.uint8))
