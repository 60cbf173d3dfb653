"""The sections of a recipe: every number that a run depends on, typed and validated."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from device.errors import InputError
from fer_edge.models import Net
from fer_edge.models.bfloat16 import Setting
from fer_edge.section import Section

MOST_EPOCHS = 100_000


class DataSource(Section):
    """A `[data.sources.NAME]` section: a further labeled set that trains beside the first."""

    path: Path | None = Field(
        default=None,
        description="a .npz of `data prepare`, or what it reads; None where a --data of the "
        "section's name gives it",
    )
    share: float = Field(default=0.3, gt=0, lt=1, description="of each batch")
    labels: dict[str, str] = Field(
        default={},
        description="its labels by the first set's; a name that both have needs no entry, and a "
        'label mapped to "" is left out',
    )
    trust: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="share of the target that its labels make where a teacher answers; 0: the "
        "teacher alone, its labels are not read",
    )
    weight: float = Field(default=1.0, gt=0, description="factor of the loss of its images")
    license: str = Field(default="not stated", description="of its images, for the model's card")
    balance: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="of its classes in the draws: 0 as frequent as they are, 1 all alike",
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
    """Which rows train, which select, which test."""

    split: Literal["protocol", "random"] = Field(
        default="protocol",
        description="protocol: the data set's own splits. random: all rows shuffled, as papers do; "
        "copies of one face then stand on both sides",
    )
    test_fraction: float = Field(default=0.2, gt=0, lt=1, description="of a random split")
    drop_leaked: bool = Field(
        default=True, description="leave out training rows that also stand in val or test"
    )
    synthetic_per_class: int = Field(
        default=400, ge=20, le=100_000, description="faces a class, where a run is given no data"
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
    """Random changes to a training image; 0 or false turns one off."""

    flip: bool = True
    rotation: float = Field(default=15.0, ge=0, le=180, description="degrees, either way")
    shift: float = Field(default=4.0, ge=0, le=24, description="pixels, either way")
    zoom: float = Field(default=0.15, ge=0, lt=1, description="scale from 1 - zoom to 1 + zoom")
    brightness: float = Field(default=0.2, ge=0, le=1, description="share of the range, either way")
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
    erasing: float = Field(default=0.3, ge=0, le=1, description="chance of a gray rectangle")
    erasing_side: float = Field(default=0.4, gt=0, le=1, description="its largest side, as a share")


class Phase(Section):
    """What every stage that trains has: epochs and how fast the weights move."""

    epochs: int = Field(ge=1, le=MOST_EPOCHS)
    learning_rate: float = Field(gt=0, description="the peak")
    warmup_epochs: float = Field(default=0.0, ge=0, le=MOST_EPOCHS)
    schedule: Literal["cosine", "constant"] = "cosine"
    restarts: tuple[int, ...] = Field(
        default=(), description="epochs, counted from 0, at which warm-up and schedule begin anew"
    )
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    weight_decay: float = Field(default=0.0, ge=0)
    select: Literal["best", "last"] = Field(
        default="best", description="keep the epoch that is best on val, or the last one"
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
        description="trained nets whose mean answer it is, instead of a recipe's: zoo:teacher, "
        "zoo:NAME or the folder of a run",
    )


class Train(Phase):
    """The `[train]` section."""

    batch: int = Field(default=128, ge=1, le=65_536)
    ema: float = Field(default=0.0, ge=0, lt=1, description="decay of the averaged weights; 0: off")
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    class_weights: bool = Field(default=False, description="weigh classes by 1 / sqrt(count)")
    ferplus_weight: float = Field(default=1.0, ge=0, description="of the ferplus head's loss")
    ferplus_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="of the fer2013 head's target that the FER+ votes make, and of its teacher's "
        "answer that the teacher's ferplus head makes",
    )
    bfloat16: Setting = Field(
        default=False,
        description="convolutions compute in bfloat16: faster on CPUs that have it; auto: on these",
    )
    small_side: int = Field(
        default=48, ge=24, le=48, description="side in pixels of the pictures of the first epochs"
    )
    small_epochs: int = Field(
        default=0, ge=0, le=MOST_EPOCHS, description="how many epochs have the small side"
    )


class Channels(Phase):
    """The `[channels]` section: whole channels go, in steps of `epochs` epochs each."""

    steps: int = Field(default=3, ge=1, le=1000)
    target: Literal[
        "multiply_adds",
        "size",
        "latency",
        "instructions:cortex-a53",
        "instructions:cortex-a72",
        "instructions:cortex-a76",
    ] = Field(
        default="multiply_adds",
        description="latency: of candidates, measured on this machine; instructions: counted for "
        "an emulated core",
    )
    share: float = Field(default=0.5, gt=0, lt=1, description="of the target's cost that is left")
    importance: Literal["taylor", "batchnorm", "l1"] = "taylor"
    images: int = Field(
        default=1024, ge=1, le=1_000_000, description="training images that taylor looks at"
    )
    recovery: int = Field(
        default=0, ge=0, le=MOST_EPOCHS, description="further epochs of the last step"
    )


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
        description="divide the fer2013 head's answers by (share of the class in training) to this "
        "power (logit adjustment, Menon et al. 2021)",
    )
    temperature: bool = Field(
        default=True, description="divide the logits by the temperature that fits val best"
    )


class Prune(Phase):
    """The `[prune]` section: magnitude pruning."""

    sparsity: float = Field(gt=0, lt=1, description="share of zeros at the end")
    ramp: float = Field(
        default=0.6, gt=0, le=1, description="share of the steps in which the zeros grow"
    )
    pattern: Literal["unstructured", "2:4", "block"] = "unstructured"
    block: tuple[int, int] = Field(
        default=(8, 1), description="neighboring inputs and outputs of a block"
    )

    @model_validator(mode="after")
    def _half_of_four(self) -> "Prune":
        if self.pattern == "2:4" and self.sparsity != 0.5:
            raise ValueError("two of four weights are a sparsity of 0.5")
        if min(self.block) < 1 or max(self.block) < 2:
            raise ValueError("a block has more than one weight, such as [8, 1]")
        return self


class Cluster(Phase):
    """The `[cluster]` section: the weights of a kernel share a few values."""

    clusters: int = Field(default=16, ge=3, le=256, description="values of a kernel")


class Quantize(Phase):
    """The `[quantize]` section: int8 quantization-aware training."""

    freeze_batchnorm_after: int = Field(default=1, ge=0, description="epochs")
    calibration: int = Field(default=256, ge=100, le=512, description="images that calibrate")
    ranges: Literal["moving_average", "minmax", "percentile", "mse"] = Field(
        default="moving_average",
        description="of the activations: what estimates them; all but the first stay as calibrated",
    )
    max_disagreement: float = Field(
        default=0.03, ge=0, le=1, description="share of images where int8 and QAT model may differ"
    )
    max_difference: float = Field(
        default=0.15, ge=0, le=1, description="by which one probability may differ between the two"
    )


class Bench(Section):
    """The `[bench]` section."""

    rounds: int = Field(default=30, ge=2, le=100_000)


class Recipe(Section):
    """A whole recipe. Sections that a recipe leaves out are stages that it skips."""

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

    @property
    def digest(self) -> str:
        """Sha256 of all values, defaults included: two recipes with one digest are the same run."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
