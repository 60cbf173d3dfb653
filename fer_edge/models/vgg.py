"""A VGG-like net for 48x48 faces: too large for edge devices, a teacher unlike the ResNet."""

from typing import Annotated, Any, Literal

from pydantic import Field

from fer_edge.models.bfloat16 import Setting, convolutions_in_bfloat16, enabled
from fer_edge.models.blocks import logits
from fer_edge.models.dropout import dropout as seeded_dropout
from fer_edge.models.net import NetSection


class VGG(NetSection):
    """The `[model]` section of a recipe for a VGG (Simonyan and Zisserman 2015) with BatchNorm."""

    name: Literal["vgg"] = Field(description="the kind of net")
    width: int = Field(
        default=48, gt=0, le=1024, description="channels of the first stage; doubled per stage"
    )
    convolutions: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        default=(2, 2, 3, 3), min_length=1, max_length=5, description="3x3 convolutions per stage"
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="dropout before the heads")
    bfloat16: Setting = Field(
        default=False,
        description="compute convolutions in bfloat16: twice as fast on CPUs with support; auto: "
        "on these",
    )

    def build(
        self,
        labels: dict[str, int],
        *,
        dropout: bool = True,
        seed: int = 0,
        side: int | None = 48,
    ) -> Any:
        """Build the net: stages of 3x3 convolutions and max pooling, one layer per head.

        Args:
            labels: number of labels of each head, in the order of the outputs.
            dropout: whether to include dropout.
            seed: RNG seed of the initial weights and of dropout.
            side: side of the input in pixels; None for images of any side.

        Returns:
            A Keras model from float32 `[n, side, side, 1]` in [-1, 1) to float32 logits per head.
        """
        import tf_keras as keras

        layers = keras.layers
        keras.utils.set_random_seed(seed)
        x = pixels = keras.Input((side, side, 1), name="pixels")
        for s, convolutions in enumerate(self.convolutions):
            for c in range(convolutions):
                name = f"stage{s}_{c}"
                x = layers.Conv2D(
                    self.width << s,
                    3,
                    padding="same",
                    use_bias=False,
                    kernel_initializer="he_normal",
                    name=f"{name}_conv",
                )(x)
                x = layers.BatchNormalization(momentum=0.99, name=f"{name}_bn")(x)
                x = layers.ReLU(name=f"{name}_relu")(x)
            x = layers.MaxPooling2D(2, name=f"stage{s}_pool")(x)
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        if dropout and self.dropout:
            x = seeded_dropout(x, self.dropout, seed=seed)
        net = keras.Model(pixels, logits(x, labels), name="vgg")
        mixed = enabled(self.bfloat16, "model.bfloat16")
        return convolutions_in_bfloat16(net) if mixed else net
