"""Hard-swish, x * ReLU6(x + 3) / 6: an operator of TensorFlow Lite that Keras 2 has no layer for.

Howard et al. 2019, "Searching for MobileNetV3", section 5.2. A module that imports Keras when it is
imported, unlike its neighbors: import it where a net is built.
"""

from typing import Any

import tensorflow as tf
import tf_keras as keras


@keras.utils.register_keras_serializable("quantization")
class HardSwish(keras.layers.Layer):
    """Hard-swish of any float tensor, shape kept; above -3/8, and nearly x for large x."""

    def call(self, x: Any) -> Any:
        """In the form that the converter knows as HARD_SWISH."""
        return x * tf.nn.relu6(x + 3.0) * (1 / 6)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input: the quantization wrapper asks before the first call."""
        return input_shape
