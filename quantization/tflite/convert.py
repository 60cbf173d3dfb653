"""Converts one head of a Keras model to a `.tflite` file with labels and metadata."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import CheckFailedError, InputError
from device.geometry import FACE_SIZE
from device.labels import FACE_PARTS, OCCLUSION
from device.system.atomic_file import replacing
from device.system.stderr import suppress_stderr
from quantization.keras_layers import check_finite, heads, is_pruning, is_quantized
from quantization.normalization import Normalization
from quantization.tflite import metadata
from quantization.tflite.precision import INTEGER, PRECISIONS, Precision

MIN_CALIBRATION = 100
"""Minimum number of PTQ calibration images; TensorFlow's guide recommends 100 to 500."""


def to_tflite(
    model: Any,
    path: Path,
    *,
    head: str,
    labels: Sequence[str],
    precision: Precision,
    normalization: Normalization,
    calibration: npt.NDArray[np.uint8] | None = None,
    description: str = "Expression of a face",
    space_to_depth: bool = False,
    float16_arithmetic: bool = False,
) -> None:
    """Convert one head of a model, with softmax; the file is written only after it was checked.

    Input of the file: [1, 48, 48, 1]; raw pixels 0..255 as float32 (float32, float16, dynamic), or
    pixel - 128 as int8 (ptq, int8). Output: [1, labels] probabilities as float32, or as int8 with
    scale 1/256 and zero point -128. If the model has an output `device.labels.OCCLUSION`, the file
    has its probabilities as a second output.

    Args:
        model: Keras model from normalized pixels to logits per head: for "int8" a model from
            `quantization.qat.quantize_aware.quantize_aware`, for the others a float model.
        path: file to write; an existing one is replaced at the end.
        head: name of the output layer.
        labels: labels of that head, in the order of its logits.
        precision: one of `PRECISIONS`.
        normalization: normalization of the model's input.
        calibration: training images for "ptq", uint8 [n, 48, 48], at least `MIN_CALIBRATION`;
            ignored for other precisions.
        description: description of the model, for the file's metadata.
        space_to_depth: whether an integer file computes its first convolution over blocks of 2x2
            pixels: bit-identical output, with fewer instructions on cores without an int8 dot
            product.
        float16_arithmetic: whether a "float16" file may be computed in float16 where a processor
            can (Armv8.2, such as the Cortex-A76): faster, and rounded to 11 bits.

    Raises:
        InputError: unknown head or precision, wrong number of labels, a model that does not fit the
            precision or has NaN or infinite weights, or too few calibration images.
        CheckFailedError: TensorFlow cannot convert the model, or the file's input or output does
            not have the expected shape, dtype, scale or zero point.
    """
    index = _check(model, head, labels, precision)
    parts = FACE_PARTS if OCCLUSION in heads(model) else ()
    outputs = [index, heads(model).index(OCCLUSION)] if parts else [index]
    samples = _calibration_samples(calibration, normalization) if precision == "ptq" else None
    with suppress_stderr():
        content = _convert(model, outputs, precision, normalization, samples, path.name)
        content = metadata.embed(
            content,
            name=path.stem,
            description=description,
            labels=labels,
            parts=parts,
            # A float file normalizes inside its graph: the caller passes raw pixels.
            mean=normalization.mean if precision in INTEGER else 0.0,
            std=normalization.std if precision in INTEGER else 1.0,
            space_to_depth=space_to_depth and precision in INTEGER,
            float16_arithmetic=float16_arithmetic and precision == "float16",
        )
        check_io(content, len(labels), precision, normalization, path.name, parts=len(parts))
    with replacing(path) as partial:
        partial.write_bytes(content)


def _check(model: Any, head: str, labels: Sequence[str], precision: str) -> int:
    """Validate the arguments and give the index of the head's output."""
    if precision not in PRECISIONS:
        raise InputError(f"no precision {precision!r}: choose from {', '.join(PRECISIONS)}")
    names = heads(model)
    if head not in names:
        raise InputError(f"{model.name} has no head {head!r}: it has {', '.join(names)}")
    if is_pruning(model):
        raise InputError(f"{model.name} is still being pruned: strip it before conversion")
    if is_quantized(model) != (precision == "int8"):
        needs = "a model from quantization-aware training" if precision == "int8" else "a float one"
        raise InputError(f"precision {precision} needs {needs}, and {model.name} is not")
    index = names.index(head)
    outputs = model.outputs[index].shape[-1]
    if len(labels) != outputs:
        raise InputError(f"{len(labels)} labels for the {outputs} outputs of head {head!r}")
    check_finite(model)
    return index


def _calibration_samples(
    images: npt.NDArray[np.uint8] | None, normalization: Normalization
) -> npt.NDArray[np.float32]:
    """Normalize the calibration images, with pixels 0 and 255 included."""
    if images is None or len(images) < MIN_CALIBRATION:
        raise InputError(
            f"precision ptq needs at least {MIN_CALIBRATION} calibration images, "
            f"not {0 if images is None else len(images)}"
        )
    if images.dtype != np.uint8 or images.shape[1:] != (FACE_SIZE, FACE_SIZE):
        raise InputError(
            f"calibration images are uint8 [n, {FACE_SIZE}, {FACE_SIZE}], "
            f"not {images.dtype} {list(images.shape)}"
        )
    # The converter derives the input range from the samples: two corner pixels make it 0..255.
    images = images.copy()
    images[0, 0, 0], images[0, -1, -1] = 0, 255
    return normalization.apply(images)


def _convert(
    model: Any,
    outputs: Sequence[int],
    precision: Precision,
    normalization: Normalization,
    samples: npt.NDArray[np.float32] | None,
    name: str,
) -> bytes:
    import tensorflow as tf

    function = _classifier(model, outputs, None if precision in INTEGER else normalization)
    # The converter saves the owner of the variables: for a Keras model it would trace each layer
    # again, which takes most of the conversion time.
    owner = tf.Module()
    owner.variables_of_model = list(model.weights)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], owner
    )
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision in INTEGER:
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    if samples is not None:

        def each() -> Iterator[list[npt.NDArray[np.float32]]]:
            for sample in samples:
                yield [sample[np.newaxis]]

        converter.representative_dataset = each
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return run_converter(converter, name)


def run_converter(converter: Any, name: str) -> bytes:
    """Run a `tf.lite.TFLiteConverter`.

    Args:
        converter: the converter, with its options set.
        name: name of the file, for the message.

    Raises:
        CheckFailedError: TensorFlow cannot convert the model.
    """
    try:
        content: bytes = converter.convert()
    except Exception as error:  # the converter passes on any exception of a failed pass
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CheckFailedError(
            f"{name}: TensorFlow Lite cannot convert this model: {reason}"
        ) from error
    return content


def _classifier(model: Any, outputs: Sequence[int], normalization: Normalization | None) -> Any:
    """The graph of some outputs with softmax, and with normalization where one is given."""
    import tensorflow as tf

    shape = tf.TensorSpec([1, FACE_SIZE, FACE_SIZE, 1], tf.float32, name="pixels")

    @tf.function(input_signature=[shape])
    def classify(pixels: Any) -> dict[str, Any]:
        if normalization is not None:
            pixels = (pixels - normalization.mean) / normalization.std
        found = model(pixels, training=False)
        logits = found if isinstance(found, list | tuple) else [found]
        names = ("probabilities", OCCLUSION)
        return {name: tf.nn.softmax(logits[i]) for name, i in zip(names, outputs, strict=False)}

    return classify


def check_io(
    content: bytes,
    labels: int,
    precision: Precision,
    normalization: Normalization,
    name: str,
    *,
    parts: int = 0,
) -> None:
    """Load a model file's content and check its input and outputs.

    Args:
        content: content of the file.
        labels: number of classes.
        precision: precision of the file.
        normalization: normalization that the caller has to do; for an integer file, the meaning of
            its int8 values.
        name: file name, for the message.
        parts: number of classes of the second output; 0 for a file with one output.

    Raises:
        CheckFailedError: shape, dtype, scale or zero point of the input or output differs from what
            `to_tflite` documents.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    (source,), sinks = interpreter.get_input_details(), interpreter.get_output_details()
    dtype = np.int8 if precision in INTEGER else np.float32
    found = [(tuple(t["shape"].tolist()), np.dtype(t["dtype"])) for t in (source, *sinks)]
    shapes = [(1, FACE_SIZE, FACE_SIZE, 1), (1, labels), *([(1, parts)] if parts else [])]
    wanted = [(shape, np.dtype(dtype)) for shape in shapes]
    if found != wanted:
        raise CheckFailedError(f"{name}: input and output came out as {found}, not as {wanted}")
    if precision not in INTEGER:
        return
    scale, zero_point = source["quantization"]
    check_input_quantization(scale, zero_point, normalization, name)
    for sink in sinks:
        if sink["quantization"] != (1 / 256, -128):
            raise CheckFailedError(
                f"{name}: output scale and zero point are {sink['quantization']}, not (1/256, -128)"
            )


def check_input_quantization(
    scale: float, zero_point: int, normalization: Normalization, name: str
) -> None:
    """Check that the int8 input is pixel - 128 for each of the 256 pixel values.

    Args:
        scale: scale of the input tensor.
        zero_point: zero point of the input tensor.
        normalization: normalization that the model was trained with.
        name: file name, for the message.

    Raises:
        CheckFailedError: some pixel has another int8 value, or the scale is not 1 / std.
    """
    pixels = np.arange(256)
    x = (pixels - normalization.mean) / normalization.std
    exact = np.array_equal(np.rint(x / scale) + zero_point, pixels - 128)
    if not exact or not np.isclose(scale, normalization.scale, rtol=1e-6):
        raise CheckFailedError(
            f"{name}: the input's scale {scale:.8g} and zero point {zero_point} do not make its "
            f"byte pixel - 128; {normalization.scale:.8g} and {normalization.zero_point} would"
        )
