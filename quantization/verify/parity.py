"""Parity check: compares a `.tflite` file, run as on the device, with its Keras model."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import CheckFailedError, InputError
from device.labels import OCCLUSION
from device.model.classifier import Classifier
from quantization.keras_layers import heads
from quantization.normalization import Normalization
from quantization.verify.agreement import Agreement, Bound, compare, violation

_BATCH = 256


def check(
    path: Path,
    model: Any,
    images: npt.NDArray[np.uint8],
    *,
    head: str,
    normalization: Normalization,
    bound: Bound,
) -> Agreement:
    """Compare a file with the Keras model it was converted from on the same images.

    Args:
        path: `.tflite` file; run by `device.model.classifier.Classifier`.
        model: Keras model, run with `training=False`; for an int8 file the quantization-aware one.
        images: images, uint8 [n, 48, 48].
        head: name of the output head in the file.
        normalization: normalization of the model's input.
        bound: largest allowed difference.

    Returns:
        The measured differences of the expressions; the hidden part, if it is an output, is checked
        by the same bound.

    Raises:
        InputError: no images, or the model has no such head.
        CheckFailedError: the differences exceed the bound, or an int8 file has float tensors.
    """
    if len(images) == 0:
        raise InputError(f"{path.name}: parity needs at least one image")
    if head not in heads(model):
        raise InputError(f"{model.name} has no head {head!r}: it has {', '.join(heads(model))}")
    classifier = Classifier(path)
    if classifier.precision == "int8" and (floats := float_tensors(path)):
        raise CheckFailedError(
            f"{path.name} should have integer tensors only, but has {len(floats)} float tensors: "
            + ", ".join(floats)
        )
    of_file, hidden = [], []
    for image in images:
        of_file.append(classifier(image).copy())
        if classifier.parts:
            hidden.append(classifier.hidden())
    wanted = _probabilities(model, images, head, normalization)
    found = compare(np.stack(of_file), wanted, bound.lead)
    if problem := violation(found, bound):
        raise CheckFailedError(f"{path.name} differs from its Keras model: {problem}")
    if hidden:
        wanted = _probabilities(model, images, OCCLUSION, normalization)
        if problem := violation(compare(np.stack(hidden), wanted, bound.lead), bound):
            raise CheckFailedError(
                f"{path.name}: its output {OCCLUSION} differs from its Keras model: {problem}"
            )
    return found


def float_tensors(path: Path) -> list[str]:
    """Names of the floating-point tensors in a model file's graph, in file order."""
    from ai_edge_litert import schema_py_generated as schema

    kinds = schema.TensorType
    floating = {kinds.FLOAT16, kinds.FLOAT32, kinds.FLOAT64, kinds.BFLOAT16}
    graph = schema.ModelT.InitFromPackedBuf(path.read_bytes())
    return [
        tensor.name.decode("utf-8", "replace")
        for subgraph in graph.subgraphs
        for tensor in subgraph.tensors
        if tensor.type in floating
    ]


def _probabilities(
    model: Any, images: npt.NDArray[np.uint8], head: str, normalization: Normalization
) -> npt.NDArray[np.float32]:
    import tensorflow as tf

    index = heads(model).index(head)
    parts = []
    for start in range(0, len(images), _BATCH):
        outputs = model(normalization.apply(images[start : start + _BATCH]), training=False)
        logits = outputs[index] if isinstance(outputs, list | tuple) else outputs
        parts.append(tf.nn.softmax(logits).numpy())
    probabilities: npt.NDArray[np.float32] = np.concatenate(parts)
    return probabilities
