"""Re-estimates BatchNorm statistics on unlabeled faces.

Schneider et al. 2020, "Improving robustness against common corruptions by covariate shift
adaptation": statistics of the training set are interpolated with those of the new faces. The new
statistics of a layer are computed with the interpolated statistics in all layers before it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.models.net import by_head

BATCH = 128
"""Batch size for computing the statistics."""

Weights = list[NDArray[np.float32]]
"""Weights of a model, in the order of `model.get_weights`."""

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Function from faces, uint8 [n, 48, 48], to logits, float32 [n, labels]."""


def reestimate(
    model: Any,
    faces: NDArray[np.uint8],
    normalization: tuple[float, float],
    shares: Sequence[float],
) -> list[Weights]:
    """Interpolate BatchNorm statistics with those of new faces.

    Args:
        model: float Keras model from normalized pixels to logits; not modified.
        faces: uint8 [n, 48, 48], n > 1.
        normalization: pixel mean and standard deviation of the model.
        shares: candidate weights of the new statistics, 0 (unchanged) to 1 (replaced).

    Returns:
        The weights of the model for each candidate.
    """
    import tensorflow as tf

    share = tf.Variable(0.0)
    measuring = _measuring(model, share)
    layers = [layer for layer in measuring.layers if hasattr(layer, "totals")]
    net = copy(model)
    run = tf.function(lambda x: measuring(x, training=False), input_signature=[_signature(faces)])
    batches = np.array_split(faces, max(1, len(faces) // BATCH))
    found = []
    for value in shares:
        share.assign(value)
        for layer in layers:
            for total in layer.totals:
                total.assign(tf.zeros_like(total))
        for batch in batches:
            run(_normalized(batch, normalization))
        for layer in layers:
            scale, offset, _, _ = layer.get_weights()
            mean, variance = (total.numpy() / len(batches) for total in layer.totals)
            net.get_layer(layer.name).set_weights([scale, offset, mean, variance])
        found.append(net.get_weights())
    return found


def predictor(model: Any, normalization: tuple[float, float]) -> Predict:
    """Return a function that computes logits with the current weights of a model.

    Args:
        model: Keras model with one output of logits, or an equivalent function.
        normalization: pixel mean and standard deviation of the model.
    """
    import tensorflow as tf

    run = tf.function(lambda x: by_head(model(x, training=False))[0], reduce_retracing=True)

    def predict(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        batches = np.array_split(faces, max(1, len(faces) // BATCH))
        return np.concatenate([run(_normalized(one, normalization)).numpy() for one in batches])

    return predict


def copy(model: Any, replace: Callable[[Any], Any] | None = None) -> Any:
    """Return a copy of a model that shares no variables with it.

    Args:
        model: functional Keras model.
        replace: function that returns the replacement of a layer; None clones every layer.
    """
    import tf_keras as keras

    copied = keras.models.clone_model(model, clone_function=replace)
    copied.set_weights(model.get_weights())
    return copied


def _signature(faces: NDArray[np.uint8]) -> Any:
    import tensorflow as tf

    return tf.TensorSpec((None, *faces.shape[1:], 1), tf.float32)


def _normalized(faces: NDArray[np.uint8], normalization: tuple[float, float]) -> Any:
    import tensorflow as tf

    mean, std = normalization
    return tf.constant(((faces.astype(np.float32) - mean) / std)[..., np.newaxis])


def _measuring(model: Any, share: Any) -> Any:
    """Return a copy whose BatchNorm layers use interpolated statistics and accumulate new ones."""
    import tensorflow as tf
    import tf_keras as keras

    class Mixing(keras.layers.BatchNormalization):
        def build(self, shape: Any) -> None:
            super().build(shape)
            zeros = tf.zeros_like(self.moving_mean)
            # Bypass Keras' attribute tracking, which would add them to the layer's weights.
            object.__setattr__(self, "totals", (tf.Variable(zeros), tf.Variable(zeros)))

        def call(self, x: Any, training: Any = None, mask: Any = None) -> Any:
            found = tf.nn.moments(x, list(range(len(x.shape) - 1)))
            known = (self.moving_mean, self.moving_variance)
            mixed = [share * new + (1 - share) * old for new, old in zip(found, known, strict=True)]
            for total, value in zip(self.totals, mixed, strict=True):
                total.assign_add(value)
            return tf.nn.batch_normalization(x, *mixed, self.beta, self.gamma, self.epsilon)

    def replace(layer: Any) -> Any:
        kind = type(layer)
        return (Mixing if kind is keras.layers.BatchNormalization else kind).from_config(
            layer.get_config()
        )

    return copy(model, replace)
