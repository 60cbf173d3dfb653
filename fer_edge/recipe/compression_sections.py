"""The sections of a recipe that compress the float net."""

from typing import Literal

from pydantic import Field, model_validator

from fer_edge.recipe.training_sections import MOST_EPOCHS, Phase
from fer_edge.section import Section
from quantization.channels.importance import Importance
from quantization.channels.selection import Target
from quantization.pruning.magnitude import Pattern
from quantization.range_method import RangeMethod


class Channels(Phase):
    """The `[channels]` section: channel pruning, in steps of `epochs` epochs each."""

    steps: int = Field(default=3, ge=1, le=1000, description="number of steps")
    target: (
        Target
        | Literal["instructions:cortex-a53", "instructions:cortex-a72", "instructions:cortex-a76"]
    ) = Field(
        default="multiply_adds",
        description="cost to reduce; latency is measured on this machine, instructions are counted "
        "for an emulated core",
    )
    share: float = Field(default=0.5, gt=0, lt=1, description="fraction of the cost that remains")
    importance: Importance = Field(
        default="taylor", description="criterion by which channels are removed"
    )
    images: int = Field(
        default=1024, ge=1, le=1_000_000, description="number of training images for taylor"
    )
    recovery: int = Field(
        default=0, ge=0, le=MOST_EPOCHS, description="additional epochs of the last step"
    )
    multiple: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="multiple that pruned widths are rounded to; if omitted 8, or 16 for an "
        "instruction target",
    )
    soft_targets: bool = Field(
        default=False, description="train with the teacher's soft targets, as in the stage train"
    )
    ema: float = Field(default=0.0, ge=0, lt=1, description="decay of the averaged weights; 0: off")

    @property
    def width_multiple(self) -> int:
        """Multiple of the pruned widths; 16 for kernels of an instruction target."""
        return self.multiple or (16 if self.target.startswith("instructions:") else 8)


class Adjust(Section):
    """The `[adjust]` section: changes to the heads that need no training and cost nothing."""

    ferplus_blend: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="weight of the ferplus head's logits in the fer2013 head's",
    )
    prior_exponent: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="divide the fer2013 head's probabilities by (class share in training) to this "
        "power (logit adjustment, Menon et al. 2021)",
    )
    ferplus_prior_exponent: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="the same for the ferplus head, with the mean distribution of the votes",
    )
    temperature: bool = Field(
        default=True, description="divide the logits by the temperature that fits val best"
    )

    def exponent(self, head: str) -> float:
        """The exponent of the training prior that is divided out of a head."""
        return self.ferplus_prior_exponent if head == "ferplus" else self.prior_exponent


class Prune(Phase):
    """The `[prune]` section: magnitude pruning."""

    sparsity: float = Field(gt=0, lt=1, description="final fraction of zeros")
    ramp: float = Field(
        default=0.6, gt=0, le=1, description="fraction of the steps over which sparsity increases"
    )
    pattern: Pattern = Field(
        default="unstructured", description="which weights are pruned together"
    )
    block: tuple[int, int] = Field(default=(8, 1), description="inputs and outputs of a block")

    @model_validator(mode="after")
    def _half_of_four(self) -> "Prune":
        if self.pattern == "2:4" and self.sparsity != 0.5:
            raise ValueError("two of four weights are a sparsity of 0.5")
        if min(self.block) < 1 or max(self.block) < 2:
            raise ValueError("a block has more than one weight, such as [8, 1]")
        return self


class Cluster(Phase):
    """The `[cluster]` section: weight clustering."""

    clusters: int = Field(default=16, ge=3, le=256, description="distinct values per kernel")


class Quantize(Phase):
    """The `[quantize]` section: int8 quantization-aware training."""

    freeze_batchnorm_after: int = Field(
        default=1, ge=0, description="epoch from which BatchNorm is frozen"
    )
    calibration: int = Field(
        default=256, ge=100, le=512, description="number of calibration images"
    )
    ranges: RangeMethod = Field(
        default="moving_average",
        description="range estimator of the activations; all but the first stay as calibrated",
    )
    max_disagreement: float = Field(
        default=0.03,
        ge=0,
        le=1,
        description="maximum fraction of images on which int8 and QAT model may disagree",
    )
    max_difference: float = Field(
        default=0.15,
        ge=0,
        le=1,
        description="maximum difference of one probability between the two",
    )
