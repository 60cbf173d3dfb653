"""The MobileNet-style family: a dense 3x3 stem, inverted residuals, two heads on one trunk.

Depthwise convolutions at full resolution are slow relative to their multiply-adds, as they are
memory-bound, so a short stem of ordinary 3x3 convolutions first reduces the image to 24x24.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from fer_edge.models import occlusion
from fer_edge.models.blocks import Activation, Attention, conv_bn, inverted_residual, logits
from fer_edge.models.dropout import dropout as seeded_dropout
from fer_edge.models.net import NetSection
from fer_edge.section import Section


class Stem(Section):
    """One dense 3x3 convolution of the stem."""

    width: int = Field(gt=0, le=4096, description="output channels")
    stride: int = Field(default=1, ge=1, le=2, description="stride")


class Stage(Section):
    """A sequence of inverted residuals with one width; the first one has the stride."""

    width: int = Field(gt=0, le=4096, description="output channels")
    repeats: int = Field(default=1, ge=1, le=64, description="number of blocks")
    stride: int = Field(default=1, ge=1, le=2, description="stride of the first block")
    expansion: float = Field(
        default=2.0,
        ge=1,
        le=32,
        description="channels inside a block, as a multiple of its input channels",
    )
    inside: tuple[int, ...] = Field(
        default=(), description="channels inside each block, if they differ from the expansion"
    )
    kernel: int = Field(default=3, ge=1, le=48, description="side of the depthwise kernel")
    squeeze: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="hidden outputs of squeeze-and-excite, as a fraction of the expanded channels; "
        "0: none",
    )
    activation: Activation = Field(
        default="relu6", description="activation of all convolutions of a block but its last"
    )
    attention: Attention = Field(
        default="none", description="gates on the output of each block, by rows and columns"
    )

    @model_validator(mode="after")
    def _inside_of_each(self) -> "Stage":
        if self.inside and (len(self.inside) != self.repeats or min(self.inside) < 1):
            raise ValueError(f"inside must list the channels of each of the {self.repeats} blocks")
        return self

    def expanded(self, block: int, channels: int) -> int | None:
        """Channels inside a block (counted from 0) with `channels` inputs; None if not expanded."""
        if self.inside:
            return self.inside[block]
        inside = round(channels * self.expansion)
        return None if inside == channels else inside


class MobileNet(NetSection):
    """The `[model]` section of a recipe for the MobileNet family."""

    name: Literal["mobilenet"] = Field(description="the kind of net")
    stem: tuple[Stem, ...] = Field(max_length=32, description="first convolutions, in order")
    stages: tuple[Stage, ...] = Field(max_length=32, description="stages of blocks, in order")
    features: int = Field(
        gt=0, le=16_384, description="channels of the last 1x1 convolution, before pooling"
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="dropout before the heads")
    occlusion: bool = Field(
        default=False,
        description="a head that finds the hidden part of the face; its output gates the features",
    )
    batchnorm_momentum: float = Field(
        default=0.99, ge=0, lt=1, description="per step; lower it for runs of under 2,000 steps"
    )

    @property
    def finds_occlusion(self) -> bool:
        """Whether the last output of the net is the hidden part of the face."""
        return self.occlusion

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
            labels: number of labels of each head, in the order of the outputs.
            dropout: whether to include dropout; quantization-aware training needs none.
            seed: RNG seed of the initial weights and of dropout.
            side: side of the input in pixels; None for images of any side.

        Returns:
            A Keras model from float32 `[n, side, side, 1]` in [-1, 1) to one logits tensor per
            head, and last the logits of `device.labels.FACE_PARTS` if `occlusion` is set.
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
                    inside=stage.expanded(r, x.shape[-1]),
                    stride=stage.stride if r == 0 else 1,
                    kernel=stage.kernel,
                    name=f"stage{s}_block{r}",
                    momentum=momentum,
                    squeeze=stage.squeeze,
                    activation=stage.activation,
                    attention=stage.attention,
                )
        trunk = x
        x = conv_bn(x, self.features, kernel=1, stride=1, name="features", momentum=momentum)
        hidden = []
        if self.occlusion:
            hidden = [occlusion.head(trunk)]
            x = occlusion.gate(x, hidden[0])
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        if dropout and self.dropout:
            x = seeded_dropout(x, self.dropout, seed=seed)
        return keras.Model(pixels, [*logits(x, labels), *hidden], name="mobilenet")

    def narrowed(self, kept: Mapping[str, Sequence[int]]) -> "MobileNet":
        """The section of the net after channel pruning.

        Args:
            kept: kept channels by group, named after the first layer that writes it; a group that
                is not listed is kept whole.

        Returns:
            A section that builds a net with those widths and the same layer names.
        """

        def width(layer: str, whole: int) -> int:
            return len(kept.get(layer, range(whole)))

        before = self.stem[-1].width
        stages = []
        for s, stage in enumerate(self.stages):
            inside = []
            for r in range(stage.repeats):
                whole = stage.expanded(r, before if r == 0 else stage.width)
                if whole is not None:
                    inside.append(width(f"stage{s}_block{r}_expand_conv", whole))
            changed = {
                "width": width(f"stage{s}_block0_project_conv", stage.width),
                "inside": tuple(inside),
            }
            stages.append(stage.model_copy(update=changed))
            before = stage.width
        stem = [
            part.model_copy(update={"width": width(f"stem{i}_conv", part.width)})
            for i, part in enumerate(self.stem)
        ]
        features = width("features_conv", self.features)
        return self.model_copy(
            update={"stem": tuple(stem), "stages": tuple(stages), "features": features}
        )
