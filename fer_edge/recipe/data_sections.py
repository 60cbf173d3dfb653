"""The sections of a recipe that select training images and augment them."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from device.errors import InputError
from fer_edge.section import Section


class DataSource(Section):
    """A `[data.sources.NAME]` section: an additional labeled set for training."""

    path: Path | None = Field(
        default=None,
        description="a .npz from `data prepare`, or any source that it reads; None if a --data "
        "with the section's name gives it",
    )
    share: float = Field(default=0.3, gt=0, lt=1, description="fraction of each batch")
    labels: dict[str, str] = Field(
        default={},
        description="label of the first set for each label of this set; equal names need no entry, "
        'and a label mapped to "" is excluded',
    )
    trust: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="weight of the set's labels in the target if there is a teacher; 0: only the "
        "teacher, labels are not read for training, and a folder of pictures needs no classes",
    )
    weight: float = Field(default=1.0, gt=0, description="weight of the set's images in the loss")
    license: str = Field(
        default="not stated", description="license of the images, for the model card"
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
            InputError: neither the section nor a --data gives a path.
        """
        if self.path is None:
            raise InputError("a section of data.sources has no path: add one, or a --data")
        return self.path


class Data(Section):
    """The `[data]` section: images for training, model selection and test."""

    split: Literal["protocol", "random"] = Field(
        default="protocol",
        description="protocol: the data set's own splits. random: all rows shuffled, as in some "
        "papers; copies of a face may then occur in both train and test",
    )
    test_fraction: float = Field(
        default=0.2, gt=0, lt=1, description="fraction of test images in a random split"
    )
    drop_leaked: bool = Field(
        default=True, description="exclude training images that also occur in val or test"
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        description="maximum number of training images, sampled at random; all if omitted",
    )
    synthetic_per_class: int = Field(
        default=400,
        ge=20,
        le=100_000,
        description="synthetic faces per class for a run without data",
    )
    sources: dict[str, DataSource] = Field(
        default={}, description="additional sets by name, mixed into each training batch"
    )

    @model_validator(mode="after")
    def _room_for_the_first(self) -> "Data":
        if sum(source.share for source in self.sources.values()) > 0.9:
            raise ValueError("the shares of all sources leave less than a tenth for the first set")
        return self


class Augment(Section):
    """The `[augment]` section: random changes to a training image; 0 or false disables one."""

    flip: bool = Field(default=True, description="mirror half of the images left to right")
    rotation: float = Field(default=15.0, ge=0, le=180, description="maximum angle in degrees")
    shift: float = Field(default=4.0, ge=0, le=24, description="maximum shift in pixels")
    zoom: float = Field(default=0.15, ge=0, lt=1, description="scale from 1 - zoom to 1 + zoom")
    yaw: float = Field(
        default=0.0, ge=0, le=60, description="maximum turn of the head to a side, in degrees"
    )
    brightness: float = Field(
        default=0.2, ge=0, le=1, description="maximum offset, as a fraction of the pixel range"
    )
    contrast: float = Field(default=0.3, ge=0, lt=1, description="factor from 1 - c to 1 + c")
    gamma: float = Field(
        default=0.0, ge=0, le=2, description="maximum base-2 logarithm of the exponent"
    )
    side_light: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="maximum brightness gradient, as a fraction of the range",
    )
    blur: float = Field(default=0.0, ge=0, le=3, description="maximum Gaussian sigma in pixels")
    low_resolution: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="maximum fraction of the side that shrinking loses, in half of the images",
    )
    noise: float = Field(
        default=0.0, ge=0, le=0.5, description="maximum noise std, as a fraction of the pixel range"
    )
    occlusion: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="probability of dark glasses, a mask, a hand or hair over the face",
    )
    erasing: float = Field(default=0.3, ge=0, le=1, description="probability of a gray rectangle")
    erasing_side: float = Field(
        default=0.4,
        gt=0,
        le=1,
        description="maximum side of the rectangle, as a fraction of the image",
    )
