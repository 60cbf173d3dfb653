import numpy as np
import pytest

from device.errors import CheckFailedError, InputError
from device.labels import FER2013
from quantization.normalization import Normalization
from quantization.tflite import metadata
from quantization.verify.agreement import Bound
from quantization.verify.parity import check, float_tensors

BOUND = Bound(disagreements=0.02, difference=0.1)


@pytest.mark.parametrize("name", ["mobile", "paper"])
def test_the_int8_file_agrees_with_its_model(name, request, images):
    net = request.getfixturevalue(name)
    parity = check(
        net.file("int8"),
        net.quantized,
        images,
        head="fer2013",
        normalization=net.normalization,
        bound=BOUND,
    )
    assert parity.n == len(images)
    assert 0 <= parity.mean_difference <= parity.max_difference <= BOUND.difference


def test_the_second_head_agrees_too(mobile, images):
    check(
        mobile.file("int8", "ferplus"),
        mobile.quantized,
        images,
        head="ferplus",
        normalization=mobile.normalization,
        bound=BOUND,
    )


@pytest.mark.parametrize("precision", ["float16", "dynamic", "ptq"])
def test_the_other_precisions_agree_with_the_float_parent(precision, paper, images):
    check(
        paper.file(precision),
        paper.parent,
        images,
        head="fer2013",
        normalization=paper.normalization,
        bound=BOUND,
    )


@pytest.mark.parametrize(
    ("bound", "message"),
    [
        (Bound(disagreements=0.5, difference=1.0), "predictions differ"),
        (Bound(disagreements=1.0, difference=0.1), "a probability differs by"),
    ],
)
def test_a_file_of_another_model_fails(mobile, paper, images, bound, message):
    negative = 255 - images
    with pytest.raises(CheckFailedError, match=message):
        check(
            paper.file("int8"),
            mobile.quantized,
            negative,
            head="fer2013",
            normalization=Normalization(0.0, 255.0),
            bound=bound,
        )


def test_integer_files_hold_no_float_tensor_and_float_files_do(mobile, paper):
    for net in (mobile, paper):
        for precision in ("ptq", "int8"):
            assert float_tensors(net.file(precision)) == []
    assert float_tensors(mobile.file("float32")) != []


def test_an_int8_file_with_a_float_island_fails_by_the_tensors_names(mobile, images, tmp_path):
    """TensorFlow Lite has no int8 sine: the file computes it in float, between integers."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec([1, 48, 48, 1])])
    def island(pixels):
        x = tf.quantization.fake_quant_with_min_max_args(pixels, -1.0, 127 / 128)
        x = tf.math.sin(x, name="island")[:, 0, :7, 0]
        return tf.quantization.fake_quant_with_min_max_args(tf.nn.softmax(x), 0.0, 255 / 256)

    converter = tf.lite.TFLiteConverter.from_concrete_functions([island.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    path = tmp_path / "fer2013_int8.tflite"
    path.write_bytes(
        metadata.embed(
            converter.convert(), name="n", description="d", labels=FER2013, mean=128.0, std=128.0
        )
    )
    with pytest.raises(CheckFailedError, match=r"fer2013_int8.tflite .* float tensors: .*island"):
        check(
            path,
            mobile.quantized,
            images,
            head="fer2013",
            normalization=mobile.normalization,
            bound=BOUND,
        )


def test_no_images_and_no_such_head_are_refused(mobile, images):
    arguments = {"normalization": mobile.normalization, "bound": BOUND}
    with pytest.raises(InputError, match="at least one image"):
        check(mobile.file("int8"), mobile.quantized, images[:0], head="fer2013", **arguments)
    with pytest.raises(InputError, match="no head 'other'"):
        check(mobile.file("int8"), mobile.quantized, images, head="other", **arguments)


def test_the_figures_are_those_of_the_images(mobile, images):
    import tensorflow as tf

    parity = check(
        mobile.file("float32"),
        mobile.quantized,
        images[:16],
        head="fer2013",
        normalization=mobile.normalization,
        bound=Bound(disagreements=1.0, difference=1.0),
    )
    x = mobile.normalization.apply(images[:16])
    of_parent = tf.nn.softmax(mobile.pruned(x, training=False)[0]).numpy()
    of_model = tf.nn.softmax(mobile.quantized(x, training=False)[0]).numpy()
    assert parity.max_difference == pytest.approx(np.abs(of_parent - of_model).max(), abs=1e-5)
    assert parity.disagreements == np.sum(of_parent.argmax(1) != of_model.argmax(1))
