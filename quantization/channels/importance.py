"""Channel importance: three criteria, each computed for whole groups of channels.

A group's importance is the sum over the layers that write it, since all of them lose the channel.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from quantization.channels.analysis import analyze
from quantization.channels.layout import Group, Layout

Importance = Literal["taylor", "batchnorm", "l1"]
"""taylor: squared first-order estimate of the change of the loss when the channel is removed
(Molchanov et al. 2019, "Importance Estimation for Neural Network Pruning", with gates behind the
BatchNorms). batchnorm: magnitude of the BatchNorm scale (Liu et al. 2017, "Learning Efficient
Convolutional Networks through Network Slimming"). l1: sum of the magnitudes of the filter's weights
(Li et al. 2017, "Pruning Filters for Efficient ConvNets")."""

Scores = dict[str, npt.NDArray[np.float64]]

_BATCH = 64


def measure(
    model: Any,
    kind: Importance,
    *,
    images: npt.NDArray[np.float32] | None = None,
    targets: Sequence[npt.NDArray[np.float32]] = (),
) -> Scores:
    """Measure the importance of every channel that may be pruned.

    Taylor scores are changes of one loss, so they compare across layers. The other two depend on
    the scale of their layer and are divided by the layer's mean.

    Args:
        model: a functional Keras model from normalized pixels to logits per head.
        kind: importance criterion.
        images: normalized training images for "taylor", float32 `[n, 48, 48, 1]`.
        targets: targets for "taylor" by head, float32 `[n, labels]`; a row of zeros has no target.

    Returns:
        Scores by free group, float64 `[channels]`, 0 or more; higher is more important.

    Raises:
        InputError: "taylor" without images, or "batchnorm" for a net with a group that has no
            BatchNorm.
    """
    layout = analyze(model)
    groups = [group for group in layout.groups.values() if group.free]
    if not groups:
        raise InputError(f"{model.name} has no channels that can be pruned")
    if kind == "taylor":
        if images is None or not len(images):
            raise InputError("importance taylor needs labeled images: give some, or use l1")
        return _taylor(model, groups, images, targets)
    magnitude = _scale if kind == "batchnorm" else _filter
    return {
        group.name: np.sum(
            [_by_mean(magnitude(model, layout, producer)) for producer in group.producers], axis=0
        )
        for group in groups
    }


def _scale(model: Any, layout: Layout, producer: str) -> npt.NDArray[np.float64]:
    scale_layer = layout.scale_layer(producer)
    if scale_layer == producer:
        raise InputError(
            f"importance batchnorm needs a BatchNorm after {producer}: use taylor or l1"
        )
    return np.abs(model.get_layer(scale_layer).gamma.numpy()).astype(np.float64)


def _filter(model: Any, layout: Layout, producer: str) -> npt.NDArray[np.float64]:
    kernel = model.get_layer(producer).kernel.numpy().astype(np.float64)
    sums: npt.NDArray[np.float64] = np.abs(kernel).sum(axis=tuple(range(kernel.ndim - 1)))
    return sums


def _by_mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    mean = values.mean()
    return values / mean if mean > 0 else values


def _taylor(
    model: Any,
    groups: Sequence[Group],
    images: npt.NDArray[np.float32],
    targets: Sequence[npt.NDArray[np.float32]],
) -> Scores:
    """Squared product of weight and gradient at each scale layer, averaged over batches.

    The product is summed over the layer's weights: it equals the gradient, at 1, of a factor on the
    layer's output. For a BatchNorm this is scale times its gradient plus offset times its gradient.
    """
    import tensorflow as tf

    scale_layers = [scale_layer for group in groups for scale_layer in group.scale_layers]
    variables = [model.get_layer(scale_layer).trainable_weights for scale_layer in scale_layers]

    @tf.function(reduce_retracing=True)
    def contributions(x: Any, wanted: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            outputs = model(x, training=False)
            logits = outputs if isinstance(outputs, list) else [outputs]
            loss = tf.add_n(
                [
                    tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(t, z))
                    for t, z in zip(wanted, logits, strict=True)
                ]
            )
        gradients = tape.gradient(loss, variables)
        return [
            tf.add_n(
                [
                    tf.reduce_sum(tf.reshape(w * g, (-1, w.shape[-1])), axis=0)
                    for w, g in zip(weights, slopes, strict=True)
                ]
            )
            for weights, slopes in zip(variables, gradients, strict=True)
        ]

    starts = range(0, len(images), _BATCH)
    squares = [np.zeros(weights[0].shape[-1]) for weights in variables]
    for start in starts:
        rows = slice(start, start + _BATCH)
        found = contributions(
            tf.constant(images[rows]), [tf.constant(target[rows]) for target in targets]
        )
        squares = [s + np.square(f.numpy()) for s, f in zip(squares, found, strict=True)]
    by_layer = dict(zip(scale_layers, squares, strict=True))
    return {
        group.name: np.sum([by_layer[name] for name in group.scale_layers], axis=0) / len(starts)
        for group in groups
    }
