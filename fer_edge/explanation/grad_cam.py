"""Grad-CAM on a float Keras model, as it needs gradients, which a `.tflite` file cannot compute."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.explanation.maps import Face, Map, normalize


def grad_cam(model: Any, face: Face, target: int, normalization: tuple[float, float]) -> Map:
    """Grad-CAM (Selvaraju et al. 2017) at the last layer with a spatial output.

    The layer's channels are weighted by the mean gradient of the target's logit, summed, clipped at
    0 and resized to the face.

    Args:
        model: Keras model with one output, logits.
        face: face, uint8 [48, 48].
        target: index of the explained class.
        normalization: mean and standard deviation of the model's pixels.
    """
    import tensorflow as tf
    import tf_keras as keras

    both = keras.Model(model.inputs, [_last_with_places(model).output, model.outputs[0]])
    mean, std = normalization
    pixels = tf.constant((face[np.newaxis, :, :, np.newaxis].astype(np.float32) - mean) / std)
    with tf.GradientTape() as tape:
        features, logits = both(pixels, training=False)
        score = logits[0, target]
    weights = tf.reduce_mean(tape.gradient(score, features), axis=(1, 2), keepdims=True)
    found: NDArray[np.float32] = tf.nn.relu(tf.reduce_sum(weights * features, axis=-1))[0].numpy()
    side = len(face)
    return normalize(cv2.resize(found, (side, side), interpolation=cv2.INTER_LINEAR))


def _last_with_places(model: Any) -> Any:
    """The last layer whose output has more than one spatial position."""
    return next(
        layer
        for layer in reversed(model.layers)
        if len(layer.output.shape) == 4 and layer.output.shape[1] > 1
    )
