"""The MobileNet-style family: a dense 3x3 stem, inverted residuals, two heads on one trunk.

Depthwise convolutions at full resolution are slow for their multiply-adds (they wait for memory),
so a short stem of ordinary 3x3 convolutions brings the picture down to 24x24 first.
"""

from typing import Any, Literal

from pydantic import Field

from fer_edge.models.blocks import conv_bn, inverted_residual, logits
from fer_edge.models.dropout import dropout as seeded_dropout
from fer_edge.models.net import NetSection
from fer_edge.section import Section


class Stem(Section):
    """One dense 3x3 convolution of the stem."""

    width: int = Field(gt=0, description="output channels")
    stride: int = Field(default=1, ge=1, le=2)


class Stage(Section):
    """A run of inverted residuals of one width; the first of them has the stride."""

    width: int = Field(gt=0, description="output channels")
    repeats: int = Field(default=1, ge=1)
    stride: int = Field(default=1, ge=1, le=2)
    expansion: float = Field(default=2.0, ge=1)
    kernel: int = Field(default=3, ge=1)


class MobileNet(NetSection):
    """The `[model]` section of a recipe for the MobileNet family."""

    name: Literal["mobilenet"]
    stem: tuple[Stem, ...]
    stages: tuple[Stage, ...]
    features: int = Field(gt=0, description="channels of the last 1x1 convolution, before pooling")
    dropout: float = Field(default=0.0, ge=0, lt=1)
    batchnorm_momentum: float = Field(
        default=0.99, ge=0, lt=1, description="a step; lower it for runs of under 2,000 steps"
    )

    def build(
        self,
        labels: dict[str, int],
        *,
        dropout: bool = True,
        seed: int = 0,
        side: int | None = 48,
    ) -> Any:
        """Build the float net.

        Args:
            labels: number of labels by head, in the order of the outputs.
            dropout: leave it out for quantization-aware training, which needs none.
            seed: of the initial weights and of dropout.
            side: of the input, in pixels; None for a net that takes pictures of any side.

        Returns:
            A Keras model from float32 `[n, side, side, 1]` in [-1, 1) to one logits tensor per
            head.
        """
        import tf_keras as keras

        keras.utils.set_random_seed(seed)
        momentum = self.batchnorm_momentum
        x = pixels = keras.Input((side, side, 1), name="pixels")
        for i, stem in enumerate(self.stem):
            x = conv_bn(
                x, stem.width, kernel=3, stride=stem.stride, name=f"stem{i}", momentum=momentum
            )
        for s, stage in enumerate(self.stages):
            for r in range(stage.repeats):
                x = inverted_residual(
                    x,
                    stage.width,
                    expansion=stage.expansion,
                    stride=stage.stride if r == 0 else 1,
                    kernel=stage.kernel,
                    name=f"stage{s}_block{r}",
                    momentum=momentum,
                )
        x = conv_bn(x, self.features, kernel=1, stride=1, name="features", momentum=momentum)
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        if dropout and self.dropout:
            x = seeded_dropout(x, self.dropout, seed=seed)
        return keras.Model(pixels, logits(x, labels), name="mobilenet")
