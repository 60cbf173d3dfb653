"""The complete recipe: typed and validated settings of a run."""

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
        description="precisions of the files; ptq and int8 need a [quantize] section",
    )

    space_to_depth: bool = Field(
        default=False,
        description="compute the first convolution of integer files on blocks of 2x2 pixels: same "
        "output, fewer instructions on cores without an int8 dot product",
    )
    float16_arithmetic: bool = Field(
        default=False,
        description="allow float16 arithmetic for float16 files on processors that support it, "
        "such as the Raspberry Pi 5's: half of the instructions, 11 bits of precision",
    )

    @field_validator("precisions")
    @classmethod
    def _each_once(cls, precisions: tuple[Precision, ...]) -> tuple[Precision, ...]:
        if len(set(precisions)) < len(precisions):
            raise ValueError("a precision is given twice")
        return precisions


class Bench(Section):
    """The `[bench]` section."""

    rounds: int = Field(
        default=30, ge=2, le=100_000, description="rounds; each times all files in random order"
    )


class Recipe(Section):
    """A complete recipe. A stage without a section is skipped."""

    name: str = Field(
        min_length=1, max_length=200, description="the name of the file if left out of it"
    )
    description: str = Field(default="", description="one line about the recipe")
    seed: int = Field(default=0, ge=0, lt=2**32, description="RNG seed")
    data: Data = Data()
    model: Annotated[
        Net, Field(discriminator="name", description="the net; its name selects one of these")
    ]
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
                "the paper's dense layers only accept images of 48x48: set small_epochs = 0"
            )
        return self

    @model_validator(mode="after")
    def _occlusion_is_drawn(self) -> "Recipe":
        if not self.model.finds_occlusion:
            return self
        if not self.augment.occlusion:
            raise ValueError(
                "model.occlusion learns from drawn occlusions: set augment.occlusion above 0"
            )
        if self.train.small_epochs:
            raise ValueError("model.occlusion needs images of one side: set small_epochs = 0")
        if self.channels:
            raise ValueError("model.occlusion: channels of its gate cannot be pruned")
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
    def _unlabeled_images_need_a_teacher(self) -> "Recipe":
        for name, source in self.data.sources.items():
            if source.trust == 0 and not self.teacher:
                raise ValueError(
                    f"data.sources.{name}.trust = 0 needs a teacher, which predicts the labels: "
                    'add [teacher], for example --set teacher.nets=["zoo:base"]'
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
                "after [adjust] later stages distill from the adjusted net alone: set distill = 1"
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
