"""Mean over one spatial axis: a TensorFlow Lite operator without a layer in Keras 2.

Like `hard_swish`, this module imports Keras at import time: import it inside the functions that
build a net.
"""

from typing import Any

import tensorflow as tf
import tf_keras as keras


@keras.utils.register_keras_serializable("quantization")
class AxisMean(keras.layers.Layer):
    """Mean of a float tensor `[n, h, w, c]` over rows or columns; the axis keeps size 1.

    Args:
        axis: 1 for the mean over rows, 2 for that over columns.
    """

    keeps_channels = True
    """Read by the analysis for channel pruning: each output channel is that of the input."""

    def __init__(self, axis: int, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def call(self, x: Any) -> Any:
        """Compute it in the form that the converter recognizes as MEAN."""
        return tf.reduce_mean(x, axis=self.axis, keepdims=True)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input shape with size 1 along the axis, as the quantization wrapper needs it."""
        shape = list(input_shape)
        shape[self.axis] = 1
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """The configuration from which Keras builds a copy."""
        return {**super().get_config(), "axis": self.axis}
