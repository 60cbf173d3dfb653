import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from device.errors import CheckFailedError, InputError
from device.labels import FER2013
from device.model import graph
from device.model.classifier import Classifier
from device.model.file import ModelFile
from fer_edge.cli.app import app
from quantization.normalization import Normalization
from quantization.ptq import calibration, litert
from quantization.ptq.quantize import quantize
from quantization.range_method import RANGE_METHODS
from quantization.tflite import card, metadata
from quantization.verify.sqnr import compare

PYTHON = os.environ.get(litert.VARIABLE)
needs_quantizer = pytest.mark.skipif(
    PYTHON is None, reason=f"no {litert.VARIABLE}: make environments"
)

CALIBRATE = """
import json, sys
import numpy as np
from litert_quantizer import quantizer, recipe
path, faces, pixels, found = sys.argv[1:]
each = [{pixels: face[np.newaxis, ..., np.newaxis]} for face in np.load(faces)]
work = quantizer.Quantizer(path, recipe.static_wi8_ai8())
result = work.calibrate({"serving_default": each}, num_threads=1)
json.dump({k: [float(v["min"].min()), float(v["max"].max())] for k, v in result.items() if v},
          open(found, "w"))
"""


@pytest.fixture(scope="module")
def source(mobile, tmp_path_factory):
    """The float file with its card."""
    path = tmp_path_factory.mktemp("float") / "fer2013_float32.tflite"
    shutil.copy(mobile.file("float32"), path)
    card.write(
        path,
        name="mobile",
        head="fer2013",
        labels=FER2013,
        precision="float32",
        normalization=mobile.normalization,
        recipe={"seed": 1},
        data={"digest": "d" * 64, "name": "stripes", "synthetic": True},
        parent_sha256="p" * 64,
        margin=0.1,
    )
    return path


@pytest.fixture(scope="module")
def npz(stripes):
    return stripes("train")


@pytest.fixture(scope="module")
def whole(source, images, tmp_path_factory):
    """The file with all layers in int8."""
    path = tmp_path_factory.mktemp("whole") / "whole.tflite"
    quantize(source, path, images[:50], python=Path(PYTHON), drawn={"seed": 7})
    return path


def run(*arguments, **environment):
    environment = {"COLUMNS": "140", litert.VARIABLE: None} | environment
    return CliRunner(env=environment).invoke(app, ["ptq", *map(str, arguments)])


def by_name(path):
    read = graph.load(path)
    return {t.name: t for t in read.tensors if not t.is_constant}


def values(path, name, images):
    """Output of a layer of the float file."""
    net = Classifier(path, resolver="builtin", keep_tensors=True)
    index = by_name(path)[name].index
    found = []
    for image in images:
        net(image)
        found.append(net.tensor(index))
    return np.stack(found)


def without_packages(folder):
    """A Python that only has the standard library."""
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    python.chmod(0o755)
    return python


@pytest.mark.slow
@pytest.mark.parametrize("name", ["add", "expand_relu", "fer2013"])
def test_each_method_gives_the_range_that_its_definition_gives(mobile, images, name):
    path, few = mobile.file("float32"), images[:20]
    found = values(path, name, few)
    low, high = min(found.min(), 0), max(found.max(), 0)
    index = by_name(path)[name].index

    def measured(method):
        return calibration.measure(path, few, method)[index]

    assert measured("minmax") == pytest.approx((low, high))
    lows, highs = (f(found.reshape(len(few), -1), axis=1) for f in (np.min, np.max))
    weights = np.array([0.95**19, *(0.05 * 0.95 ** np.arange(18, -1, -1))])
    averages = min(weights @ lows, 0), max(weights @ highs, 0)
    assert measured("moving_average") == pytest.approx(averages, rel=1e-5)
    bin_width = float(found.max() - found.min()) / 2048
    wanted = np.percentile(found, [0.005, 99.995], method="inverted_cdf")
    outer = min(wanted[0], 0), max(wanted[1], 0)
    # A histogram knows a value to a bin.
    assert measured("percentile") == pytest.approx(outer, abs=1.01 * bin_width)

    def error(low, high):
        scale = (high - low) / 255
        zero = np.rint(-low / scale)
        stored = np.clip(np.rint(found / scale) + zero, 0, 255)
        return np.mean((found - (stored - zero) * scale) ** 2)

    clipped = measured("mse")
    assert low <= clipped[0] <= 0 <= clipped[1] <= high
    others = [error(low * share, high * share) for share in (0.5, 0.7, 0.8, 0.9, 1.0)]
    assert error(*clipped) <= 1.02 * min(others)


@pytest.mark.slow
@pytest.mark.parametrize("method", RANGE_METHODS)
def test_images_of_any_contrast_leave_the_pixels_their_range(mobile, method):
    path = mobile.file("float32")
    gray = np.random.default_rng(1).integers(100, 110, (3, 48, 48), np.uint8)
    found = calibration.measure(path, gray, method)
    read = graph.load(path)
    assert found[read.inputs[0]] == (0, 255)
    assert found[read.outputs[0]] == (0, 255 / 256)
    ends = [found[t.index] for t in read.tensors if t.shape == (1, 48, 48, 1)]
    # What the file subtracts from a pixel leaves steps of one pixel value.
    assert all(high - low == 255 for low, high in ends)


@pytest.mark.slow
def test_a_python_without_the_quantizer_is_told_how_to_get_it(source, npz, tmp_path):
    python = without_packages(tmp_path)
    out = tmp_path / "out.tflite"
    ran = run(source, "--data", npz, "--out", out, "--samples", 5, "--quantizer", python)
    assert ran.exit_code == 2, ran.output
    assert ran.stderr.count("\n") == 1
    assert "has no litert-quantizer" in ran.stderr and "pip install litert-quantizer" in ran.stderr
    assert litert.VARIABLE in ran.stderr
    assert not out.exists()


def test_a_python_that_is_none_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be started"):
        litert.find(tmp_path / "none")
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'no such option -P' >&2\nexit 2\n")
    python.chmod(0o755)
    with pytest.raises(InputError, match="cannot run a quantizer: no such option -P"):
        litert.find(python)


@pytest.mark.slow
def test_what_the_quantizer_says_of_a_file_it_refuses_is_passed_on(source, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'ValueError: no such operator' >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(
        CheckFailedError, match=r"float32\.tflite: LiteRT's quantizer fails: ValueError"
    ):
        litert.rewrite(litert.prepare(source), {}, python=python)


def test_pixels_normalized_outside_and_broken_weights_are_refused(source, images, tmp_path):
    from quantization.export import io

    def changed(name, change, mean):
        model = io.load(ModelFile(source))
        change(model)
        path = tmp_path / name
        path.write_bytes(
            metadata.attach(
                model, name="net", description="A net", labels=FER2013, mean=mean, std=1.0
            )
        )
        written = json.loads(source.with_suffix(".card.json").read_text())
        written |= {"sha256": card.sha256(path)}
        path.with_suffix(".card.json").write_text(json.dumps(written))
        return path

    def diverge(model):
        largest = max((b for b in model.buffers if b.data is not None), key=lambda b: len(b.data))
        largest.data = np.full(len(largest.data) // 4, np.inf, np.float32).view(np.uint8)

    outside = changed("outside.tflite", lambda model: None, 128.0)
    with pytest.raises(InputError, match=r"normalizes by \(pixel - 128\) / 1 outside the graph"):
        quantize(outside, tmp_path / "out.tflite", images[:2])
    broken = changed("broken.tflite", diverge, 0.0)
    with pytest.raises(InputError, match="holds values that are not finite"):
        quantize(broken, tmp_path / "out.tflite", images[:2])


@pytest.mark.slow
def test_files_and_layers_that_cannot_be_quantized_are_refused(source, mobile, images, tmp_path):
    out = tmp_path / "out.tflite"
    with pytest.raises(InputError, match="has no layer nonesuch: `fer-edge quant-debug` lists"):
        quantize(source, out, images[:2], keep_float=["nonesuch"])
    with pytest.raises(InputError, match=r"card\.json cannot be read"):
        quantize(mobile.file("float32"), out, images[:2])
    integer = tmp_path / "int8.tflite"
    shutil.copy(mobile.file("int8"), integer)
    written = json.loads(source.with_suffix(".card.json").read_text())
    written |= {"precision": "int8", "sha256": card.sha256(integer)}
    integer.with_suffix(".card.json").write_text(json.dumps(written))
    with pytest.raises(InputError, match="is of precision int8: give the float32 file"):
        quantize(integer, out, images[:2])
    assert not out.exists()


@pytest.mark.slow
def test_names_are_unique_and_the_answers_the_same_for_the_quantizer(source, images):
    prepared = litert.prepare(source)
    names = [tensor.name for tensor in prepared.graph.tensors]
    assert len(set(names)) == len(names) and "" not in names
    assert b"TFLITE_METADATA" not in prepared.content
    read = graph.load(source)
    assert [o.outputs for o in prepared.graph.operators] == [o.outputs for o in read.operators]


@pytest.mark.slow
@needs_quantizer
def test_the_file_is_int8_throughout_and_answers_as_its_parent(source, whole, mobile, images):
    ours, theirs = Classifier(whole), Classifier(source)
    assert ours.labels == FER2013 and ours.precision == "int8" and ours.delegated
    assert (ours.input_details.scale, ours.input_details.zero_point) == (1.0, -128)
    assert (ours.output_details.scale, ours.output_details.zero_point) == (1 / 256, -128)
    assert {t.dtype for t in graph.load(whole).tensors} <= {"int8", "int32"}
    answers = [np.stack([net(image).copy() for image in images]) for net in (theirs, ours)]
    converter = Classifier(mobile.file("ptq"))
    answers.append(np.stack([converter(image).copy() for image in images]))
    largest = [np.abs(each - answers[0]).max() for each in answers[1:]]
    changed = [np.sum(each.argmax(1) != answers[0].argmax(1)) for each in answers[1:]]
    # No worse than TensorFlow's converter, which sees the same net.
    assert largest[0] < 2 * largest[1] + 1 / 256 and changed[0] <= changed[1] + 5


@pytest.mark.slow
@needs_quantizer
def test_the_card_says_how_the_file_was_made(source, whole):
    parent, written = card.read(source), card.read(whole)
    assert written["precision"] == "ptq"
    assert written["input"] == parent["input"] | {"dtype": "int8", "values": "pixel - 128"}
    assert written["parent_sha256"] == parent["sha256"]
    same = ("name", "head", "labels", "recipe", "data")
    assert all(written[key] == parent[key] for key in same)
    made = written["calibration"]
    assert made.pop("quantizer").startswith("litert-quantizer ")
    assert made == {"method": "minmax", "images": 50, "seed": 7, "kept_float": []}


@pytest.mark.slow
@needs_quantizer
def test_the_same_images_give_the_same_bytes(source, whole, images, tmp_path):
    again = tmp_path / whole.name
    quantize(source, again, images[:50], python=Path(PYTHON))
    assert again.read_bytes() == whole.read_bytes()


@pytest.mark.slow
@needs_quantizer
def test_named_layers_stay_in_floats_with_their_weights(source, whole, images, tmp_path):
    path = tmp_path / "mixed.tflite"
    names = ["residual_dw_relu", "add", "SOFTMAX"]
    made = quantize(source, path, images[:50], keep_float=names, python=Path(PYTHON))
    assert made.kept == tuple(names) and made.bytes == path.stat().st_size
    read, parent = graph.load(path), graph.load(source)
    kinds = {o.name: read.tensors[o.outputs[0]].dtype for o in read.operators}
    assert (kinds["ADD"], kinds["SOFTMAX"], kinds["CONV_2D"]) == ("float32", "float32", "int8")
    (depthwise,) = [o for o in read.operators if read.tensors[o.outputs[0]].name == names[0]]
    (original,) = [o for o in parent.operators if parent.tensors[o.outputs[0]].name == names[0]]
    assert bytes(read.tensors[depthwise.inputs[1]].values) == bytes(
        parent.tensors[original.inputs[1]].values
    )
    net = Classifier(path)
    assert (net.precision, net.output_details.scale) == ("int8", 1 / 256)
    wanted = [Classifier(source)(image).argmax() for image in images[:50]]
    assert np.mean([net(i).argmax() == w for i, w in zip(images, wanted, strict=False)]) > 0.9


@pytest.mark.slow
@needs_quantizer
def test_fallback_keeps_the_layers_that_quant_debug_ranks_worst(source, whole, images, tmp_path):
    few = images[:50]
    path = tmp_path / "fallback.tflite"
    made = quantize(source, path, few, fallback=2, python=Path(PYTHON))
    before = compare(source, whole, few)
    assert set(made.kept) == {layer.name for layer in before.ranked[:2]}
    with pytest.raises(InputError, match="fall back on fewer"):
        quantize(source, path, few, fallback=100, python=Path(PYTHON))


@pytest.mark.slow
@needs_quantizer
def test_a_moving_average_is_the_librarys_own(source, images, tmp_path):
    """The library calibrates in this way only; everything between pixels and output is compared."""
    prepared = litert.prepare(source)
    (tmp_path / "float.tflite").write_bytes(prepared.content)
    np.save(tmp_path / "faces.npy", images[:10].astype(np.float32))
    files = [tmp_path / name for name in ("float.tflite", "faces.npy")]
    done = subprocess.run(
        [PYTHON, "-c", CALIBRATE, *files, "pixels", tmp_path / "found.json"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    theirs = json.loads((tmp_path / "found.json").read_text())
    ours = calibration.measure(source, images[:10], "moving_average")
    inner = [
        t
        for t in prepared.graph.tensors
        if t.index in ours and t.shape != (1, 48, 48, 1) and t.index not in prepared.graph.outputs
    ]
    assert len(inner) > 8
    for tensor in inner:
        low, high = theirs[tensor.name]
        # XNNPACK's floats, there, and the built-in kernels', here.
        assert ours[tensor.index] == pytest.approx((min(low, 0), max(high, 0)), rel=1e-3, abs=1e-4)


@pytest.mark.slow
@needs_quantizer
def test_the_command_writes_the_file_and_tells_what_stayed(source, npz, tmp_path):
    out = tmp_path / "out.tflite"
    arguments = [source, "--data", npz, "--out", out, "--samples", 20, "--quantizer", PYTHON]
    ran = run(*arguments, "--method", "mse", "--keep-float", "add", "--json")
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert (told["method"], told["samples"], told["kept"]) == ("mse", 20, ["add"])
    assert told["bytes"] == out.stat().st_size
    assert card.read(out)["calibration"]["data_digest"]
    ran = run(*arguments)
    assert ran.exit_code == 2 and "exists already" in ran.stderr
    ran = run(*arguments, "--force")
    assert ran.exit_code == 0 and "float layers: none" in ran.stdout


@pytest.mark.slow
@needs_quantizer
def test_a_normalization_without_subtraction_gives_the_same_input(paper, images, tmp_path):
    from quantization.tflite.convert import to_tflite

    path = tmp_path / "fer2013_float32.tflite"
    scaling = Normalization(0.0, 255.0)
    to_tflite(
        paper.parent,
        path,
        head="fer2013",
        labels=FER2013,
        precision="float32",
        normalization=scaling,
    )
    card.write(
        path,
        name="paper",
        head="fer2013",
        labels=FER2013,
        precision="float32",
        normalization=scaling,
        recipe={},
        parent_sha256=None,
        data={"digest": "d" * 64, "name": "stripes", "synthetic": True},
    )
    out = tmp_path / "ptq.tflite"
    quantize(path, out, images[:20], method="percentile", python=Path(PYTHON))
    net = Classifier(out)
    assert (net.input_details.scale, net.input_details.zero_point) == (1.0, -128)
    wanted = [Classifier(path)(image).argmax() for image in images[:50]]
    assert np.mean([net(i).argmax() == w for i, w in zip(images, wanted, strict=False)]) > 0.9
