"""The sections of a recipe that say which images train, and how they are changed."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from device.errors import InputError
from fer_edge.section import Section


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
