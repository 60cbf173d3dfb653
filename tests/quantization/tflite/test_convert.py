import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import CheckFailedError, InputError
from device.labels import FER2013, FERPLUS
from device.model.classifier import Classifier
from quantization.normalization import Normalization
from quantization.qat.quantize_aware import quantize_aware
from quantization.tflite import convert
from quantization.tflite.convert import to_tflite


def kernels(path: Path) -> list[np.ndarray]:
    """The int8 kernels of 1x1 convolutions in a file, each [out, 1, 1, in]."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_path=str(path),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    return [
        interpreter.get_tensor(tensor["index"])
        for tensor in interpreter.get_tensor_details()
        if len(tensor["shape"]) == 4
        and tuple(tensor["shape"][1:3]) == (1, 1)
        and len(tensor["quantization_parameters"]["scales"]) > 1
    ]


@pytest.mark.parametrize("name", ["mobile", "paper"])
@pytest.mark.parametrize("precision", ["ptq", "int8"])
def test_an_integer_file_takes_pixel_minus_128_exactly(name, precision, request):
    net = request.getfixturevalue(name)
    classifier = Classifier(net.file(precision))
    assert classifier.precision == "int8"
    assert classifier.input_details.scale == pytest.approx(net.normalization.scale, rel=1e-6)
    assert classifier.input_details.zero_point == net.normalization.zero_point
    assert (classifier.output_details.scale, classifier.output_details.zero_point) == (
        1 / 256,
        -128,
    )


def test_each_head_has_a_file_with_its_own_labels(mobile):
    assert Classifier(mobile.file("int8")).labels == FER2013
    assert Classifier(mobile.file("int8", "ferplus")).labels == FERPLUS


def test_zeros_survive_to_the_int8_file(mobile):
    pointwise = [k for k in kernels(mobile.file("int8")) if k.dtype == np.int8]
    assert len(pointwise) == 4
    zeros, size = sum(np.sum(k == 0) for k in pointwise), sum(k.size for k in pointwise)
    assert zeros / size >= 0.59


def test_a_float_file_normalizes_raw_pixels_inside_the_graph(mobile, images):
    import tensorflow as tf

    classifier = Classifier(mobile.file("float32"))
    assert classifier.precision == "float32"
    logits = mobile.pruned(mobile.normalization.apply(images[:4]), training=False)[0]
    got = [classifier(image).copy() for image in images[:4]]
    np.testing.assert_allclose(got, tf.nn.softmax(logits), atol=1e-5)


def test_smaller_precisions_make_smaller_files(paper):
    def size(precision: str) -> int:
        return paper.file(precision).stat().st_size

    assert size("dynamic") < 0.6 * size("float16")
    assert size("int8") < 0.7 * size("float16")


def test_a_model_built_again_converts_to_the_same_bytes(paper, tmp_path):
    """As after an interruption: earlier models of the process do not affect the file."""
    again = tmp_path / "fer2013_int8.tflite"
    model = quantize_aware(paper.parent, normalization=paper.normalization, keep_zeros=False)
    model.set_weights(paper.quantized.get_weights())
    to_tflite(
        model,
        again,
        head="fer2013",
        labels=FER2013,
        precision="int8",
        normalization=paper.normalization,
    )
    assert again.read_bytes() == paper.file("int8").read_bytes()
    assert [layer.name for layer in model.layers].count("quantize_layer") == 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused_before_conversion(float_paper, tmp_path, value):
    kernel = float_paper.get_layer("conv4").kernel
    kernel.assign(np.full(kernel.shape, value))
    for precision in ("float32", "dynamic", "ptq"):
        with pytest.raises(InputError, match=r"1 of 10 variables .* conv4/kernel:0 \(36 of 36\)"):
            to_tflite(
                float_paper,
                tmp_path / "x.tflite",
                head="fer2013",
                labels=FER2013,
                precision=precision,
                normalization=Normalization(0.0, 255.0),
                calibration=np.zeros((100, 48, 48), np.uint8),
            )
    with pytest.raises(InputError, match="NaN or infinite"):
        quantize_aware(float_paper, normalization=Normalization(0.0, 255.0), keep_zeros=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"head": "fer2014"}, "no head 'fer2014': it has fer2013, ferplus"),
        ({"precision": "int4"}, "no precision 'int4': choose from float32"),
        ({"labels": FERPLUS}, "8 labels for the 7 outputs of head 'fer2013'"),
        ({"precision": "int8"}, "needs a model from quantization-aware training"),
        ({"precision": "ptq", "calibration": None}, "at least 100 calibration images, not 0"),
        ({"precision": "ptq", "calibration": 99}, "at least 100 calibration images, not 99"),
    ],
)
def test_arguments_that_do_not_fit_are_named(mobile, images, tmp_path, wrong, message):
    if isinstance(wrong.get("calibration"), int):
        wrong = wrong | {"calibration": images[: wrong["calibration"]]}
    arguments: dict[str, Any] = {
        "head": "fer2013",
        "labels": FER2013,
        "precision": "float32",
        "normalization": mobile.normalization,
    }
    with pytest.raises(InputError, match=message):
        to_tflite(mobile.pruned, tmp_path / "x.tflite", **(arguments | wrong))
    assert list(tmp_path.iterdir()) == []


def test_a_quantized_model_is_not_taken_for_a_float_one(mobile, tmp_path):
    with pytest.raises(InputError, match="needs a float one"):
        to_tflite(
            mobile.quantized,
            tmp_path / "x.tflite",
            head="fer2013",
            labels=FER2013,
            precision="float32",
            normalization=mobile.normalization,
        )


def test_calibration_images_of_another_size_are_refused(mobile, tmp_path):
    with pytest.raises(InputError, match=r"calibration images are uint8 \[n, 48, 48\]"):
        to_tflite(
            mobile.pruned,
            tmp_path / "x.tflite",
            head="fer2013",
            labels=FER2013,
            precision="ptq",
            normalization=mobile.normalization,
            calibration=np.zeros((100, 64, 64), np.uint8),
        )


def test_a_file_whose_bytes_are_not_pixels_is_not_written(paper, tmp_path):
    """The model was trained with pixels / 255; the caller states (pixel - 128) / 128."""
    target = tmp_path / "x.tflite"
    target.write_bytes(b"an older file")
    with pytest.raises(
        CheckFailedError, match=r"x.tflite: the input's scale 0.0039\d+ and zero point"
    ):
        to_tflite(
            paper.quantized,
            target,
            head="fer2013",
            labels=FER2013,
            precision="int8",
            normalization=Normalization(128.0, 128.0),
        )
    assert target.read_bytes() == b"an older file"
    assert list(tmp_path.iterdir()) == [target]


def test_a_conversion_that_is_killed_leaves_the_older_file_and_nothing_else(tmp_path):
    """Killed as late as possible: the net is converted, and nothing is written yet."""
    target = tmp_path / "x.tflite"
    target.write_bytes(b"older")
    script = f"""
import os, signal, sys
from pathlib import Path
from quantization.normalization import Normalization
from quantization.tflite import convert
convert._check = lambda *_: 0
convert.heads = lambda _: ["fer2013"]
convert._convert = lambda *_: b""
convert.metadata.embed = lambda *_, **__: b"newer"
convert.check_io = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
convert.to_tflite(None, Path({str(target)!r}), head="fer2013", labels=(), precision="float32",
    normalization=Normalization(0.0, 1.0))
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [target]


@given(mean=st.integers(0, 255), std=st.floats(0.01, 1000))
def test_any_normalization_accepted_has_a_byte_for_each_pixel(mean, std):
    normalization = Normalization(float(mean), std)
    convert.check_input_quantization(
        normalization.scale, normalization.zero_point, normalization, "x.tflite"
    )
    low, high = normalization.range
    assert low <= 0 <= high
    assert (high - low) / 255 == pytest.approx(normalization.scale)


@pytest.mark.parametrize(("scale", "zero_point"), [(1 / 128, 1), (1 / 127, 0), (1 / 64, 0)])
def test_other_bytes_than_pixels_are_refused(scale, zero_point):
    with pytest.raises(CheckFailedError, match="do not make its byte pixel - 128"):
        convert.check_input_quantization(scale, zero_point, Normalization(128.0, 128.0), "x.tflite")


@pytest.mark.parametrize(("mean", "std"), [(127.5, 127.5), (0.0, 0.0), (-1.0, 1.0), (300.0, 1.0)])
def test_a_normalization_without_such_bytes_is_refused(mean, std):
    with pytest.raises(InputError, match="give a whole mean"):
        Normalization(mean, std)
