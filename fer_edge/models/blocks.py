"""Building blocks of int8 nets: convolution, BatchNorm and ReLU6, which TFLite fuses.

Hard-swish and squeeze-and-excite of MobileNetV3 (Howard et al. 2019) need additional operators.
"""

from typing import Any, Literal

Activation = Literal["relu6", "hard_swish"]
"""relu6 bounds the activation to [0, 6], so that its int8 range is known in advance (Sandler et al.
2018, MobileNetV2). hard_swish lets small negative values pass."""

Attention = Literal["none", "coordinate"]
"""Gates on the output of a block, before the shortcut is added."""

GATE = "_gate_"
"""Part of the names of layers that a net may have beside those of the weights it starts from."""


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
        x: input, float32 `[n, h, w, c]`.
        filters: number of output channels.
        kernel: side of the square kernel.
        stride: stride, 1 or 2.
        name: prefix of the layer names.
        momentum: momentum per step of BatchNorm's running mean and variance.
        activation: activation; None for a linear block.

    Returns:
        Output, float32 `[n, ceil(h / stride), ceil(w / stride), filters]`.
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
    """Depthwise convolution, BatchNorm and activation; shapes as in `conv_bn`, same channels."""
    import tf_keras as keras

    x = keras.layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_dw"
    )(x)
    x = keras.layers.BatchNormalization(momentum=momentum, name=f"{name}_dw_bn")(x)
    return _activate(x, activation, f"{name}_dw")


def squeeze_and_excite(x: Any, hidden: int, *, name: str) -> Any:
    """Scale each channel by a gate 0..1 computed from the means of all channels.

    Hu et al. 2018, "Squeeze-and-Excitation Networks". The gate is their sigmoid, which is an int8
    operator of TensorFlow Lite; MobileNetV3's hard-sigmoid is not and would be computed in float.
    The two layers are 1x1 convolutions, so that int8 quantizes each output with its own scale.

    Args:
        x: input, float32 `[n, h, w, c]`.
        hidden: number of outputs of the first of the two layers.
        name: prefix of the layer names.

    Returns:
        Output, float32 `[n, h, w, c]`.
    """
    import tf_keras as keras

    layers = keras.layers
    gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_mean")(x)
    gate = layers.Conv2D(hidden, 1, activation="relu", name=f"{name}_squeeze")(gate)
    gate = layers.Conv2D(x.shape[-1], 1, activation="sigmoid", name=f"{name}_excite")(gate)
    return layers.Multiply(name=f"{name}_scale")([x, gate])


def coordinate_attention(x: Any, hidden: int, *, name: str) -> Any:
    """Scale each channel at each row and each column by gates from the means along the other axis.

    Hou et al. 2021, "Coordinate Attention for Efficient Mobile Network Design", in a form for int8:
    each direction has its own squeeze layer, which saves concatenation and split, and the gates are
    ReLU instead of sigmoid, which the convolution computes itself. Gates start at 1: a new block
    passes its input unchanged, so that a trained net can be extended.

    Args:
        x: input, float32 `[n, h, w, c]`.
        hidden: number of outputs of the first of the two layers of each direction.
        name: prefix of the layer names.

    Returns:
        Output, float32 `[n, h, w, c]`.
    """
    import tf_keras as keras

    from quantization.qat.axis_mean import AxisMean

    layers = keras.layers
    for direction, axis in (("rows", 2), ("columns", 1)):
        own = f"{name}{GATE}{direction}"
        gate = AxisMean(axis, name=f"{own}_mean")(x)
        gate = layers.Conv2D(hidden, 1, activation="relu", name=f"{own}_squeeze")(gate)
        gate = layers.Conv2D(
            x.shape[-1],
            1,
            activation="relu",
            kernel_initializer="zeros",
            bias_initializer="ones",
            name=f"{own}_excite",
        )(gate)
        x = layers.Multiply(name=f"{own}_scale")([x, gate])
    return x


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
    attention: Attention = "none",
) -> Any:
    """Inverted residual: 1x1 expansion, depthwise filter, linear projection, shortcut.

    Sandler et al. 2018. Without the expansion it is MobileNetV1's depthwise-separable block with a
    linear output. The shortcut is added if input and output have the same shape.

    Args:
        x: input, float32 `[n, h, w, c]`.
        width: number of output channels.
        inside: number of channels after the expansion; None for no expansion.
        stride: stride of the depthwise convolution, 1 or 2.
        kernel: side of the depthwise kernel.
        name: prefix of the layer names.
        momentum: momentum per step of BatchNorm's running mean and variance.
        squeeze: hidden outputs of squeeze-and-excite after the depthwise convolution, as a fraction
            of the channels inside, rounded to a multiple of 8; 0 for none.
        activation: activation of all convolutions but the last, which is linear.
        attention: gates on the output, before the shortcut is added; their squeeze layers have a
            quarter of its channels, rounded to a multiple of 8.

    Returns:
        Output, float32 `[n, ceil(h / stride), ceil(w / stride), width]`.
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
        y = squeeze_and_excite(y, _eights(y.shape[-1] * squeeze), name=f"{name}_se")
    y = conv_bn(
        y,
        width,
        kernel=1,
        stride=1,
        name=f"{name}_project",
        momentum=momentum,
        activation=None,
    )
    if attention == "coordinate":
        y = coordinate_attention(y, _eights(width / 4), name=name)
    if stride == 1 and channels == width:
        y = keras.layers.Add(name=f"{name}_add")([x, y])
    return y


def _eights(channels: float) -> int:
    """The multiple of 8 next to a number of channels, at least 8."""
    return 8 * max(1, round(channels / 8))


def _activate(x: Any, activation: Activation, name: str) -> Any:
    import tf_keras as keras

    if activation == "relu6":
        return keras.layers.ReLU(6.0, name=f"{name}_relu")(x)
    from quantization.qat.hard_swish import HardSwish

    return HardSwish(name=f"{name}_hswish")(x)


def logits(x: Any, heads: dict[str, int]) -> list[Any]:
    """One linear layer per head on the same features.

    Args:
        x: features, float32 `[n, features]`.
        heads: number of labels by head name.

    Returns:
        Logits, float32 `[n, labels]` for each head, in the order of `heads`.
    """
    import tf_keras as keras

    return [keras.layers.Dense(labels, name=head)(x) for head, labels in heads.items()]
