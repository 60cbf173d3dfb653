"""The temporal head as a Keras model: a GRU over the classifier's answers, and logits."""

from typing import Any

import numpy as np

from device.tracking.temporal import LEAST
from fer_edge.modalities.temporal.recipe import Net

_KEEP = 1.0  # bias of the update gate at the start: a frame keeps 73 % of the state


def build(options: Net, labels: int) -> Any:
    """Build the Keras model.

    It starts as exponential smoothing of the log probabilities, from which training departs: the
    first units of the GRU hold the mean of one class each, and the logits are the sum of that mean
    and the current frame.

    Args:
        options: layer sizes; at least as many units as labels.
        labels: number of classes.

    Returns:
        A `tf_keras.Model` from features [batch, frames, labels + 1], see
        `device.tracking.temporal.features`, to logits [batch, frames, labels]. The export accesses
        its layers `gru` and `logits` by name.
    """
    from tf_keras import Input, Model, layers

    values = Input((None, labels + 1), name="values")
    gru = layers.GRU(options.units, return_sequences=True, reset_after=False, name="gru")
    remembered = gru(values)
    dense = layers.Dense(labels, name="logits")
    both = layers.Concatenate(name="both")([values, remembered])
    model = Model(values, dense(both), name="temporal")

    kernel, recurrent, bias = gru.get_weights()
    units, each = options.units, np.arange(labels)
    candidate = 2 * units + each  # gates in the order of Keras: update, reset, candidate
    kernel[:, [*each, *candidate]] = 0
    kernel[each, candidate] = 1
    recurrent[:, [*each, *candidate]] = 0
    bias[each] = _KEEP
    gru.set_weights([kernel, recurrent, bias])
    weights = dense.get_weights()[0] * 0.1
    weights[each, each] = weights[labels + 1 + each, each] = -0.25 * np.log(LEAST)
    dense.set_weights([weights, np.zeros(labels)])
    return model
