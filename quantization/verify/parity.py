"""Does the `.tflite` file answer as the model it was made of, in the interpreter of the device?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import CheckFailedError, InputError
from device.model.classifier import Classifier
from quantization.keras_layers import heads
from quantization.normalization import Normalization
from quantization.verify.agreement import Bound

_BATCH = 256


@dataclass(frozen=True)
class Parity:
    """How far a file is from its model.

    Attributes:
        n: images compared.
        disagreements: images whose most probable class differs.
        max_difference: largest absolute difference of a probability, over images and classes.
        mean_difference: mean absolute difference of a probability, over images and classes.
    """

    n: int
    disagreements: int
    max_difference: float
    mean_difference: float


def check(
    path: Path,
    model: Any,
    images: npt.NDArray[np.uint8],
    *,
    head: str,
    normalization: Normalization,
    bound: Bound,
) -> Parity:
    """Compare a file with the Keras model it was converted from on the same images.

    Args:
        path: the `.tflite` file; run by `device.model.classifier.Classifier`.
        model: the Keras model, run with `training=False`; for an int8 file the
            quantization-aware one.
        images: uint8 [n, 48, 48].
        head: that the file answers for.
        normalization: of the model's input.
        bound: what is still agreement.

    Returns:
        The differences found.

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
            f"{path.name} is meant to be all integers and has {len(floats)} float tensors: "
            + ", ".join(floats)
        )
    of_file = np.stack([classifier(image).copy() for image in images])
    of_model = _probabilities(model, images, head, normalization)
    difference = np.abs(of_file - of_model)
    parity = Parity(
        n=len(images),
        disagreements=int(np.sum(of_file.argmax(axis=1) != of_model.argmax(axis=1))),
        max_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
    )
    _hold(parity, bound, path.name)
    return parity


def float_tensors(path: Path) -> list[str]:
    """Name the tensors of floating point in a model file's graph, in the file's order."""
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


def _hold(parity: Parity, bound: Bound, name: str) -> None:
    share = parity.disagreements / parity.n
    if share > bound.disagreements:
        raise CheckFailedError(
            f"{name} and its model name another class for {parity.disagreements} of {parity.n} "
            f"images ({share:.1%}), more than {bound.disagreements:.1%}"
        )
    if parity.max_difference > bound.difference:
        raise CheckFailedError(
            f"{name} and its model differ by up to {parity.max_difference:.3f} in a probability "
            f"({parity.n} images), more than {bound.difference:.3f}"
        )
