"""Training with convolutions in bfloat16, for CPUs that multiply it twice as fast as float32."""

from typing import Any


def convolutions_in_bfloat16(model: Any) -> Any:
    """Build the model anew with ordinary convolutions that compute in bfloat16.

    Variables stay float32 (Micikevicius et al. 2018, "Mixed precision training"), and so does what
    every other layer computes: TensorFlow's depthwise convolutions and BatchNorm are slower in
    bfloat16 than in float32.

    Args:
        model: a functional Keras model of float32 layers.

    Returns:
        A model with the same weights in the same order and float32 outputs.
    """
    import tf_keras as keras

    from quantization.keras_layers import rebuild

    def wrap(layer: Any) -> Any:
        # DepthwiseConv2D is no subclass of Conv2D.
        if not isinstance(layer, keras.layers.Conv2D):
            return layer
        return type(layer).from_config(layer.get_config() | {"dtype": "mixed_bfloat16"})

    return rebuild(model, wrap)
