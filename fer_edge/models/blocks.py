"""Building blocks of nets for int8: convolution, BatchNorm and ReLU6, which TFLite fuses.

Hard-swish and squeeze-and-excite of MobileNetV3 (Howard et al. 2019) need operators of their own.
"""

from typing import Any, Literal

Activation = Literal["relu6", "hard_swish"]
"""relu6 bounds the activation to [0, 6], so that 8 bits spread over a range known in advance
(Sandler et al. 2018, MobileNetV2). hard_swish lets small negative values through."""


def conv_bn(
    x: Any,
    filters: int,
    *,
    kernel: int,
    stride: int,
    name: str,
    momentum: float,
    activation: Activation | None = "relu6",
) -> Any:
    """Convolution, BatchNorm and activation.

    Args:
        x: float32 `[n, h, w, c]`.
        filters: output channels.
        kernel: side of the square kernel.
        stride: 1 or 2.
        name: prefix of the layers' names.
        momentum: momentum per step of BatchNorm's running mean and variance.
        activation: None for a block that ends linear.

    Returns:
        float32 `[n, ceil(h / stride), ceil(w / stride), filters]`.
    """
    import tf_keras as keras

    x = keras.layers.Conv2D(
        filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    x = keras.layers.BatchNormalization(momentum=momentum, name=f"{name}_bn")(x)
    return _activate(x, activation, name) if activation else x


def depthwise_bn(
    x: Any,
    *,
    kernel: int,
    stride: int,
    name: str,
    momentum: float,
    activation: Activation = "relu6",
) -> Any:
    """Depthwise convolution, BatchNorm and activation; shapes as in `conv_bn`, channels kept."""
    import tf_keras as keras

    x = keras.layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_dw"
    )(x)
    x = keras.layers.BatchNormalization(momentum=momentum, name=f"{name}_dw_bn")(x)
    return _activate(x, activation, f"{name}_dw")


def squeeze_and_excite(x: Any, hidden: int, *, name: str) -> Any:
    """Scale each channel by a gate from 0 to 1 computed from the means of all channels.

    Hu et al. 2018, "Squeeze-and-Excitation Networks". The gate is their sigmoid, which is an int8
    operator of TensorFlow Lite; MobileNetV3's hard-sigmoid is none and would be computed in floats.
    The layers in between are 1x1 convolutions, so that int8 gives each output a scale of its own.

    Args:
        x: float32 `[n, h, w, c]`.
        hidden: number of outputs of the first of the two layers.
        name: prefix of the layers' names.

    Returns:
        float32 `[n, h, w, c]`.
    """
    import tf_keras as keras

    layers = keras.layers
    gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_mean")(x)
    gate = layers.Conv2D(hidden, 1, activation="relu", name=f"{name}_squeeze")(gate)
    gate = layers.Conv2D(x.shape[-1], 1, activation="sigmoid", name=f"{name}_excite")(gate)
    return layers.Multiply(name=f"{name}_scale")([x, gate])


def inverted_residual(
    x: Any,
    width: int,
    *,
    inside: int | None,
    stride: int,
    kernel: int,
    name: str,
    momentum: float,
    squeeze: float = 0.0,
    activation: Activation = "relu6",
) -> Any:
    """Expand by a 1x1 convolution, filter each channel, project linearly, add where shapes allow.

    Sandler et al. 2018. Without the first convolution it is the depthwise-separable block of
    MobileNetV1 with a linear end.

    Args:
        x: float32 `[n, h, w, c]`.
        width: output channels.
        inside: channels that the first convolution expands to; None leaves it out.
        stride: stride of the depthwise convolution, 1 or 2.
        kernel: side of the depthwise kernel.
        name: prefix of the layers' names.
        momentum: momentum per step of BatchNorm's running mean and variance.
        squeeze: hidden outputs of squeeze-and-excite behind the depthwise convolution, as a share
            of the channels inside, in whole eights; 0 for none.
        activation: activation of all convolutions but the last, which is linear.

    Returns:
        float32 `[n, ceil(h / stride), ceil(w / stride), width]`.
    """
    import tf_keras as keras

    channels = x.shape[-1]
    y = x
    if inside is not None:
        y = conv_bn(
            y,
            inside,
            kernel=1,
            stride=1,
            name=f"{name}_expand",
            momentum=momentum,
            activation=activation,
        )
    y = depthwise_bn(
        y, kernel=kernel, stride=stride, name=name, momentum=momentum, activation=activation
    )
    if squeeze:
        hidden = 8 * max(1, round(y.shape[-1] * squeeze / 8))
        y = squeeze_and_excite(y, hidden, name=f"{name}_se")
    y = conv_bn(
        y,
        width,
        kernel=1,
        stride=1,
        name=f"{name}_project",
        momentum=momentum,
        activation=None,
    )
    if stride == 1 and channels == width:
        y = keras.layers.Add(name=f"{name}_add")([x, y])
    return y


def _activate(x: Any, activation: Activation, name: str) -> Any:
    import tf_keras as keras

    if activation == "relu6":
        return keras.layers.ReLU(6.0, name=f"{name}_relu")(x)
    from quantization.qat.hard_swish import HardSwish

    return HardSwish(name=f"{name}_hswish")(x)


def logits(x: Any, heads: dict[str, int]) -> list[Any]:
    """One linear layer per head on the same features.

    Args:
        x: float32 `[n, features]`.
        heads: number of labels by head name.

    Returns:
        float32 `[n, labels]` for each head, in the order of `heads`.
    """
    import tf_keras as keras

    return [keras.layers.Dense(labels, name=head)(x) for head, labels in heads.items()]
