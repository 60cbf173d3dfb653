"""A whole recipe: every number that a run depends on, typed and validated."""

import hashlib
import json
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from fer_edge.models import Net
from fer_edge.recipe.compression_sections import Adjust, Channels, Cluster, Prune, Quantize
from fer_edge.recipe.data_sections import Augment, Data
from fer_edge.recipe.training_sections import Teacher, Train
from fer_edge.section import Section
from quantization.tflite.precision import INTEGER, PRECISIONS, Precision


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
