"""The blocks that int8 kernels like: convolution, BatchNorm and ReLU6, which TFLite fuses."""

from typing import Any


def conv_bn(
    x: Any, filters: int, *, kernel: int, stride: int, name: str, momentum: float, relu: bool = True
) -> Any:
    """Convolution, BatchNorm, and ReLU6 unless the block ends linear.

    ReLU6 bounds the activation to [0, 6], so that 8 bits spread over a range known in advance
    (Sandler et al. 2018, MobileNetV2).

    Args:
        x: float32 `[n, h, w, c]`.
        filters: output channels.
        kernel: side of the square kernel.
        stride: 1 or 2.
        name: prefix of the layers' names.
        momentum: of BatchNorm's running mean and variance, a step.
        relu: whether the block ends with ReLU6.

    Returns:
        float32 `[n, ceil(h / stride), ceil(w / stride), filters]`.
    """
    import tf_keras as keras

    x = keras.layers.Conv2D(
        filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    x = keras.layers.BatchNormalization(momentum=momentum, name=f"{name}_bn")(x)
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x


def depthwise_bn(x: Any, *, kernel: int, stride: int, name: str, momentum: float) -> Any:
    """Depthwise convolution, BatchNorm and ReLU6; shapes as in `conv_bn`, channels kept."""
    import tf_keras as keras

    x = keras.layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_dw"
    )(x)
    x = keras.layers.BatchNormalization(momentum=momentum, name=f"{name}_dw_bn")(x)
    return keras.layers.ReLU(6.0, name=f"{name}_dw_relu")(x)


def inverted_residual(
    x: Any,
    width: int,
    *,
    inside: int | None,
    stride: int,
    kernel: int,
    name: str,
    momentum: float,
) -> Any:
    """Expand by a 1x1 convolution, filter each channel, project linearly, add where shapes allow.

    Sandler et al. 2018. Without the first convolution it is the depthwise-separable block of
    MobileNetV1 with a linear end.

    Args:
        x: float32 `[n, h, w, c]`.
        width: output channels.
        inside: channels that the first convolution expands to; None leaves it out.
        stride: of the depthwise convolution, 1 or 2.
        kernel: side of the depthwise kernel.
        name: prefix of the layers' names.
        momentum: of BatchNorm's running mean and variance, a step.

    Returns:
        float32 `[n, ceil(h / stride), ceil(w / stride), width]`.
    """
    import tf_keras as keras

    channels = x.shape[-1]
    y = x
    if inside is not None:
        y = conv_bn(y, inside, kernel=1, stride=1, name=f"{name}_expand", momentum=momentum)
    y = depthwise_bn(y, kernel=kernel, stride=stride, name=name, momentum=momentum)
    y = conv_bn(y, width, kernel=1, stride=1, name=f"{name}_project", momentum=momentum, relu=False)
    if stride == 1 and channels == width:
        y = keras.layers.Add(name=f"{name}_add")([x, y])
    return y


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
