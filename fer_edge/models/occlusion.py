"""A head that finds the hidden part of a face, and a gate by which its output weights the features.

Tan et al. 2021 mask the features of hidden regions of a face before the expression is classified.
Here the mask is computed from the head's few outputs: one weight for each position of the feature
map, shared by all channels.
"""

from typing import Any

from device.labels import FACE_PARTS, OCCLUSION

GATE = f"{OCCLUSION}_gate"
"""Prefix of the layers of the gate."""


def head(x: Any) -> Any:
    """Logits of the hidden part, from the means of the four quarters of a feature map.

    Args:
        x: feature map, float32 `[n, h, w, c]`, h and w even and known.

    Returns:
        Logits of `device.labels.FACE_PARTS`, float32 `[n, 5]`.
    """
    import tf_keras as keras

    quarter = (x.shape[1] // 2, x.shape[2] // 2)
    x = keras.layers.AveragePooling2D(quarter, name=f"{OCCLUSION}_quarters")(x)
    x = keras.layers.Flatten(name=f"{OCCLUSION}_flat")(x)
    return keras.layers.Dense(len(FACE_PARTS), name=OCCLUSION)(x)


def gate(x: Any, hidden: Any) -> Any:
    """Scale each position of a feature map by a weight 0..6 computed from the head's logits.

    The weights start at 1: a trained net that gets the gate computes what it did before.

    Args:
        x: feature map, float32 `[n, h, w, c]`, h and w known.
        hidden: logits of the hidden part, float32 `[n, 5]`.

    Returns:
        The scaled feature map, float32 `[n, h, w, c]`.
    """
    import tf_keras as keras

    layers = keras.layers
    rows, columns = x.shape[1:3]
    weights = layers.Dense(
        rows * columns,
        kernel_initializer="zeros",
        bias_initializer="ones",
        name=f"{GATE}_weights",
    )(hidden)
    weights = layers.ReLU(6.0, name=f"{GATE}_relu")(weights)
    weights = layers.Reshape((rows, columns, 1), name=f"{GATE}_map")(weights)
    return layers.Multiply(name=f"{GATE}_scale")([x, weights])
