"""A dense ResNet for 48x48 faces, used as a teacher; too large for edge devices."""

from typing import Annotated, Any, Literal

from pydantic import Field

from fer_edge.models.bfloat16 import Setting, enabled
from fer_edge.models.blocks import logits
from fer_edge.models.dropout import dropout as seeded_dropout
from fer_edge.models.net import NetSection


class ResNet(NetSection):
    """The `[model]` section of a recipe for a ResNet (He et al. 2016) with basic blocks."""

    name: Literal["resnet"] = Field(description="the kind of net")
    width: int = Field(
        default=32, gt=0, le=1024, description="channels of the first stage; doubled per stage"
    )
    stem_stride: int = Field(
        default=1, ge=1, le=2, description="2: the first stage works at half the side"
    )
    blocks: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        default=(2, 2, 2, 2), min_length=1, max_length=5, description="basic blocks per stage"
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="dropout before the heads")
    bfloat16: Setting = Field(
        default=False,
        description="compute in bfloat16: 1.7 times as fast on CPUs with support; auto: on these",
    )

    def build(
        self,
        labels: dict[str, int],
        *,
        dropout: bool = True,
        seed: int = 0,
        side: int | None = 48,
    ) -> Any:
        """Build the net: a 3x3 convolution, stages of basic blocks, pooling, one layer per head.

        Args:
            labels: number of labels of each head, in the order of the outputs.
            dropout: whether to include dropout.
            seed: RNG seed of the initial weights and of dropout.
            side: side of the input in pixels; None for images of any side.

        Returns:
            A Keras model from float32 `[n, side, side, 1]` in [-1, 1) to float32 logits per head.
        """
        import tf_keras as keras

        keras.utils.set_random_seed(seed)
        policy = keras.mixed_precision.global_policy()
        mixed = enabled(self.bfloat16, "model.bfloat16")
        keras.mixed_precision.set_global_policy("mixed_bfloat16" if mixed else "float32")
        try:
            return self._build(labels, dropout=dropout, seed=seed, side=side)
        finally:
            keras.mixed_precision.set_global_policy(policy)

    def _build(self, labels: dict[str, int], *, dropout: bool, seed: int, side: int | None) -> Any:
        import tf_keras as keras

        layers = keras.layers
        pixels = keras.Input((side, side, 1), name="pixels")
        x = _conv_bn(pixels, self.width, stride=self.stem_stride, name="stem")
        x = layers.ReLU(name="stem_relu")(x)
        for s, blocks in enumerate(self.blocks):
            for b in range(blocks):
                stride = 2 if s > 0 and b == 0 else 1
                x = _basic_block(x, self.width << s, stride=stride, name=f"stage{s}_block{b}")
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Activation("linear", dtype="float32", name="pooled")(x)
        if dropout and self.dropout:
            x = seeded_dropout(x, self.dropout, seed=seed)
        # The heads compute in float32: a softmax of bfloat16 logits is too coarse for training.
        keras.mixed_precision.set_global_policy("float32")
        return keras.Model(pixels, logits(x, labels), name="resnet")


def _conv_bn(x: Any, filters: int, *, stride: int, name: str, kernel: int = 3) -> Any:
    import tf_keras as keras

    x = keras.layers.Conv2D(
        filters,
        kernel,
        stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    return keras.layers.BatchNormalization(momentum=0.99, name=f"{name}_bn")(x)


def _basic_block(x: Any, filters: int, *, stride: int, name: str) -> Any:
    """Two 3x3 convolutions with a shortcut, which is a 1x1 convolution if shapes change."""
    import tf_keras as keras

    y = _conv_bn(x, filters, stride=stride, name=f"{name}_1")
    y = keras.layers.ReLU(name=f"{name}_1_relu")(y)
    y = _conv_bn(y, filters, stride=1, name=f"{name}_2")
    if stride != 1 or x.shape[-1] != filters:
        x = _conv_bn(x, filters, stride=stride, kernel=1, name=f"{name}_shortcut")
    y = keras.layers.Add(name=f"{name}_add")([x, y])
    return keras.layers.ReLU(name=f"{name}_relu")(y)
