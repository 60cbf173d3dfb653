"""Hard-swish, x * ReLU6(x + 3) / 6: a TensorFlow Lite operator without a layer in Keras 2.

Howard et al. 2019, "Searching for MobileNetV3", section 5.2. Unlike the other modules, this one
imports Keras at import time: import it inside the functions that build a net.
"""

from typing import Any

import tensorflow as tf
import tf_keras as keras


@keras.utils.register_keras_serializable("quantization")
class HardSwish(keras.layers.Layer):
    """Hard-swish of a float tensor of any shape; values are at least -3/8, and x for x >= 3."""

    def call(self, x: Any) -> Any:
        """Compute it in the form that the converter recognizes as HARD_SWISH."""
        return x * tf.nn.relu6(x + 3.0) * (1 / 6)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input shape; the quantization wrapper needs it before the first call."""
        return input_shape
