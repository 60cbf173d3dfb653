"""The sections of a recipe for training the float net: schedule, teacher, training."""

from typing import Literal

from pydantic import Field, model_validator

from fer_edge.models.bfloat16 import Setting
from fer_edge.section import Section

MOST_EPOCHS = 100_000


class Phase(Section):
    """The keys common to all sections that train."""

    epochs: int = Field(ge=1, le=MOST_EPOCHS, description="number of epochs")
    learning_rate: float = Field(gt=0, description="peak learning rate")
    warmup_epochs: float = Field(
        default=0.0,
        ge=0,
        le=MOST_EPOCHS,
        description="epochs over which the learning rate rises linearly from 0",
    )
    schedule: Literal["cosine", "constant"] = Field(
        default="cosine", description="learning rate after the warm-up: cosine decay, or constant"
    )
    restarts: tuple[int, ...] = Field(
        default=(), description="epochs, counted from 0, at which warm-up and schedule restart"
    )
    optimizer: Literal["adamw", "adam", "sgd"] = Field(default="adamw", description="optimizer")
    weight_decay: float = Field(default=0.0, ge=0, description="decay of the weights")
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
            raise ValueError("restarts must be epochs from 1 on, in order")
        return self


class Teacher(Section):
    """The `[teacher]` section: a larger net whose soft targets train the float net."""

    recipe: str = Field(default="teacher", description="name of its recipe, or a .toml file")
    epochs: int = Field(
        default=16,
        ge=1,
        le=1000,
        serialization_alias="views",
        description="number of augmented epochs with cached soft targets; the student repeats them",
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
        description="trained nets whose mean prediction serves as the teacher, instead of a "
        "recipe: zoo:teacher, zoo:NAME or the folder of a run",
    )


class Train(Phase):
    """The `[train]` section."""

    batch: int = Field(default=128, ge=1, le=65_536, description="images per step")
    ema: float = Field(default=0.0, ge=0, lt=1, description="decay of the averaged weights; 0: off")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="share of the target spread over all labels"
    )
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
    occlusion_weight: float = Field(
        default=0.3, gt=0, description="weight of the occlusion head's loss, if the net has one"
    )
    bfloat16: Setting = Field(
        default=False,
        description="compute convolutions in bfloat16; auto: on CPUs that support it natively",
    )
    small_side: int = Field(
        default=48, ge=24, le=48, description="image side in pixels during the first epochs"
    )
    small_epochs: int = Field(
        default=0, ge=0, le=MOST_EPOCHS, description="number of first epochs with the small side"
    )
