"""The sections of a recipe: every number that a run depends on, typed and validated."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from device.errors import InputError
from fer_edge.models import Net
from fer_edge.models.bfloat16 import Setting
from fer_edge.section import Section
from quantization.channels.importance import Importance
from quantization.channels.selection import Target
from quantization.pruning.magnitude import Pattern
from quantization.range_method import RangeMethod
from quantization.tflite.precision import INTEGER, PRECISIONS, Precision

MOST_EPOCHS = 100_000


class DataSource(Section):
    """A `[data.sources.NAME]` section: a further labeled set that trains beside the first."""

    path: Path | None = Field(
        default=None,
        description="a .npz of `data prepare`, or what it reads; None where a --data of the "
        "section's name gives it",
    )
    share: float = Field(default=0.3, gt=0, lt=1, description="share of each batch")
    labels: dict[str, str] = Field(
        default={},
        description="the first set's label for each of its labels; equal names need no entry, "
        'and a label mapped to "" is left out',
    )
    trust: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="weight of its labels in the target where there is a teacher; 0: the "
        "teacher alone, its labels are not read",
    )
    weight: float = Field(default=1.0, gt=0, description="weight of its images in the loss")
    license: str = Field(
        default="not stated", description="license of its images, for the model card"
    )
    balance: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="class balance of the sampling: 0 by frequency, 1 uniform over classes",
    )

    @property
    def file(self) -> Path:
        """The `.npz`.

        Raises:
            InputError: the section has no path and no --data gave it one.
        """
        if self.path is None:
            raise InputError("a section of data.sources has no path: give it one, or a --data")
        return self.path


class Data(Section):
    """The `[data]` section: which images train, select and test."""

    split: Literal["protocol", "random"] = Field(
        default="protocol",
        description="protocol: the data set's own splits. random: all rows shuffled, as papers do; "
        "copies of one face then stand on both sides",
    )
    test_fraction: float = Field(
        default=0.2, gt=0, lt=1, description="share of test images in a random split"
    )
    drop_leaked: bool = Field(
        default=True, description="leave out training images that are also in val or test"
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        description="maximum number of training images, sampled at random; all if left out",
    )
    synthetic_per_class: int = Field(
        default=400, ge=20, le=100_000, description="faces per class for a run without data"
    )
    sources: dict[str, DataSource] = Field(
        default={}, description="further sets by name, mixed into each batch of training"
    )

    @model_validator(mode="after")
    def _room_for_the_first(self) -> "Data":
        if sum(source.share for source in self.sources.values()) > 0.9:
            raise ValueError("the shares of all sources leave the first set less than a tenth")
        return self


class Augment(Section):
    """The `[augment]` section: random changes to a training image; 0 or false turns one off."""

    flip: bool = True
    rotation: float = Field(default=15.0, ge=0, le=180, description="degrees, either way")
    shift: float = Field(default=4.0, ge=0, le=24, description="pixels, either way")
    zoom: float = Field(default=0.15, ge=0, lt=1, description="scale from 1 - zoom to 1 + zoom")
    brightness: float = Field(
        default=0.2, ge=0, le=1, description="offset, as a share of the range, either way"
    )
    contrast: float = Field(default=0.3, ge=0, lt=1, description="factor from 1 - c to 1 + c")
    gamma: float = Field(
        default=0.0, ge=0, le=2, description="largest exponent's logarithm to base 2, either way"
    )
    side_light: float = Field(
        default=0.0, ge=0, le=1, description="largest gradient of brightness, share of the range"
    )
    blur: float = Field(default=0.0, ge=0, le=3, description="largest Gaussian sigma, in pixels")
    noise: float = Field(
        default=0.0, ge=0, le=0.5, description="largest standard deviation, share of the range"
    )
    erasing: float = Field(default=0.3, ge=0, le=1, description="probability of a gray rectangle")
    erasing_side: float = Field(
        default=0.4, gt=0, le=1, description="its largest side, as a share of the image"
    )


class Phase(Section):
    """The keys of every section that trains."""

    epochs: int = Field(ge=1, le=MOST_EPOCHS)
    learning_rate: float = Field(gt=0, description="peak learning rate")
    warmup_epochs: float = Field(default=0.0, ge=0, le=MOST_EPOCHS)
    schedule: Literal["cosine", "constant"] = "cosine"
    restarts: tuple[int, ...] = Field(
        default=(), description="epochs, counted from 0, at which warm-up and schedule restart"
    )
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    weight_decay: float = Field(default=0.0, ge=0)
    select: Literal["best", "last"] = Field(
        default="best",
        description="keep the weights of the best epoch on val, or of the last epoch",
    )
    distill: float = Field(
        default=0.0,
        ge=0,
        le=1,
        serialization_alias="distil",
        description="weight of the float parent's probabilities in the targets",
    )

    @model_validator(mode="after")
    def _restarts_in_order(self) -> "Phase":
        if list(self.restarts) != sorted({epoch for epoch in self.restarts if epoch > 0}):
            raise ValueError("restarts are epochs from 1 on, in order")
        return self


class Teacher(Section):
    """The `[teacher]` section: a larger net whose soft targets the float net learns from."""

    recipe: str = Field(default="teacher", description="name of its recipe, or a .toml file")
    epochs: int = Field(
        default=16,
        ge=1,
        le=1000,
        serialization_alias="views",
        description="augmented epochs with cached soft targets; the student repeats them",
    )
    alpha: float = Field(
        default=0.7,
        gt=0,
        le=1,
        serialization_alias="share",
        description="weight of the teacher's probabilities in the targets",
    )
    nets: tuple[str, ...] = Field(
        default=(),
        description="trained nets whose mean prediction is the teacher, instead of a recipe: "
        "zoo:teacher, zoo:NAME or the folder of a run",
    )


class Train(Phase):
    """The `[train]` section."""

    batch: int = Field(default=128, ge=1, le=65_536)
    ema: float = Field(default=0.0, ge=0, lt=1, description="decay of the averaged weights; 0: off")
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    class_weights: bool = Field(default=False, description="weight classes by 1 / sqrt(count)")
    ferplus_weight: float = Field(
        default=1.0, ge=0, description="weight of the ferplus head's loss"
    )
    ferplus_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="weight of the FER+ votes in the fer2013 head's target, and of the teacher's "
        "ferplus head in its soft target",
    )
    bfloat16: Setting = Field(
        default=False,
        description="compute convolutions in bfloat16; auto: on CPUs that support it natively",
    )
    small_side: int = Field(
        default=48, ge=24, le=48, description="image side in pixels in the first epochs"
    )
    small_epochs: int = Field(
        default=0, ge=0, le=MOST_EPOCHS, description="number of first epochs with the small side"
    )


class Channels(Phase):
    """The `[channels]` section: channel pruning, in steps of `epochs` epochs each."""

    steps: int = Field(default=3, ge=1, le=1000)
    target: (
        Target
        | Literal["instructions:cortex-a53", "instructions:cortex-a72", "instructions:cortex-a76"]
    ) = Field(
        default="multiply_adds",
        description="cost to reduce; latency is measured on this machine, instructions are counted "
        "for an emulated core",
    )
    share: float = Field(default=0.5, gt=0, lt=1, description="share of the cost that remains")
    importance: Importance = "taylor"
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
        description="multiple that pruned widths are rounded to; 8, or 16 for an instruction "
        "target, if left out",
    )
    soft_targets: bool = Field(
        default=False, description="learn from the teacher's soft targets, as the stage train does"
    )
    ema: float = Field(default=0.0, ge=0, lt=1, description="decay of the averaged weights; 0: off")

    @property
    def width_multiple(self) -> int:
        """Multiple of the pruned widths: that of the kernels the target is counted for."""
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
        description="the same for the ferplus head, by the mean distribution of the votes",
    )
    temperature: bool = Field(
        default=True, description="divide the logits by the temperature that fits val best"
    )

    def exponent(self, head: str) -> float:
        """The power of the training prior that is divided out of a head."""
        return self.ferplus_prior_exponent if head == "ferplus" else self.prior_exponent


class Prune(Phase):
    """The `[prune]` section: magnitude pruning."""

    sparsity: float = Field(gt=0, lt=1, description="final share of zeros")
    ramp: float = Field(
        default=0.6, gt=0, le=1, description="share of the steps over which sparsity increases"
    )
    pattern: Pattern = "unstructured"
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
        description="maximum share of images on which int8 and QAT model may disagree",
    )
    max_difference: float = Field(
        default=0.15,
        ge=0,
        le=1,
        description="maximum difference of one probability between the two",
    )


class Export(Section):
    """The `[export]` section."""

    precisions: tuple[Precision, ...] = Field(
        default=PRECISIONS,
        min_length=1,
        description="precisions of the files; ptq and int8 only with a [quantize] section",
    )

    space_to_depth: bool = Field(
        default=False,
        description="compute the first convolution of integer files over blocks of 2x2 pixels: the "
        "same output, in fewer instructions on cores without an int8 dot product",
    )
    float16_arithmetic: bool = Field(
        default=False,
        description="let float16 files be computed in float16 where a processor can, such as a "
        "Raspberry Pi 5's: in half of the instructions, rounded to 11 bits",
    )

    @field_validator("precisions")
    @classmethod
    def _each_once(cls, precisions: tuple[Precision, ...]) -> tuple[Precision, ...]:
        if len(set(precisions)) < len(precisions):
            raise ValueError("a precision is named twice")
        return precisions


class Bench(Section):
    """The `[bench]` section."""

    rounds: int = Field(default=30, ge=2, le=100_000)


class Recipe(Section):
    """A whole recipe. A stage whose section is left out is skipped."""

    name: str = Field(min_length=1, max_length=200)
    description: str = ""
    seed: int = Field(default=0, ge=0, lt=2**32, description="RNG seed")
    data: Data = Data()
    model: Annotated[Net, Field(discriminator="name")]
    augment: Augment = Augment()
    teacher: Teacher | None = None
    train: Train
    channels: Channels | None = None
    adjust: Adjust | None = None
    prune: Prune | None = None
    cluster: Cluster | None = None
    quantize: Quantize | None = None
    export: Export = Export()
    bench: Bench = Bench()

    @model_validator(mode="after")
    def _paper_has_one_side(self) -> "Recipe":
        if self.model.name == "paper" and self.train.small_epochs:
            raise ValueError(
                "the paper's dense layers take pictures of 48x48 alone: small_epochs = 0"
            )
        return self

    @model_validator(mode="after")
    def _selection_needs_val(self) -> "Recipe":
        phases = (self.train, self.channels, self.prune, self.cluster, self.quantize)
        if self.data.split == "random" and any(p and p.select == "best" for p in phases):
            raise ValueError(
                'data.split = "random" has no val split: set select = "last" throughout'
            )
        return self

    @model_validator(mode="after")
    def _share_needs_ferplus(self) -> "Recipe":
        if self.train.ferplus_share and self.model.heads != ("fer2013", "ferplus"):
            raise ValueError('train.ferplus_share needs model.heads = ["fer2013", "ferplus"]')
        return self

    @model_validator(mode="after")
    def _adjusted_heads_stay(self) -> "Recipe":
        if not self.adjust:
            return self
        if self.adjust.ferplus_blend and self.model.heads != ("fer2013", "ferplus"):
            raise ValueError('adjust.ferplus_blend needs model.heads = ["fer2013", "ferplus"]')
        later = (self.prune, self.cluster, self.quantize)
        if any(phase and phase.distill < 1 for phase in later):
            raise ValueError(
                "after [adjust] the later trainings follow the adjusted net alone: distill = 1"
            )
        return self

    @model_validator(mode="after")
    def _exports_something(self) -> "Recipe":
        if not self.precisions:
            raise ValueError("export.precisions: ptq and int8 need a [quantize] section")
        return self

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """The precisions that a run exports."""
        if self.quantize:
            return self.export.precisions
        return tuple(each for each in self.export.precisions if each not in INTEGER)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all values, defaults included."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
