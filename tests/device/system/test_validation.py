from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from device.system.validation import explain


class _Base(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Square(_Base):
    name: Literal["square"]
    side: int = Field(ge=1, le=9)


class Circle(_Base):
    name: Literal["circle"]
    radius: float = Field(gt=0)


class Train(_Base):
    epochs: int = Field(ge=1)
    share: float = Field(default=0.5, ge=0, lt=1)
    best: bool = True


class Drawing(_Base):
    shape: Annotated[Square | Circle, Field(discriminator="name")]
    train: Train
    title: str = ""
    colors: dict[str, Train] = {}


GOOD = {"shape": {"name": "square", "side": 3}, "train": {"epochs": 2}}


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"titel": ""}, "titel is not a key of a drawing: did you mean title?"),
        ({"epochs": 3}, "epochs is not a key of a drawing: did you mean train.epochs or"),
        ({"zz": 3}, "zz is not a key of a drawing: valid keys are shape, train, title, colors"),
        ({"train": {"epochs": 1, "title": ""}}, "did you mean title, at the top of the file?"),
        ({"shape": {"name": "circle", "radius": 1, "radios": 1}}, "shape.radios is not a key"),
        ({"shape": {"name": "circle", "radius": 0}}, "shape.radius is 0: give more than 0"),
        ({"shape": {"name": "square", "side": 10}}, "shape.side is 10: give 1 to 9"),
        ({"train": {}}, "train.epochs is missing"),
        ({"train": {"epochs": "x"}}, "train.epochs is 'x': give a whole number: 1 or more"),
        ({"train": {"epochs": 1, "share": 1}}, "share is 1: give 0 or more and less than 1"),
        ({"train": {"epochs": 1, "best": 1}}, "train.best is 1: give true or false"),
        ({"train": 3}, "train is 3: give a table of keys and values"),
        ({"title": 3}, "title is 3: give a string in quotes"),
        ({"title": ["x" * 500]}, "…: give a string in quotes"),
        ({"colors": {"a.b": {}}}, 'colors."a.b".epochs is missing'),
    ],
)
def test_one_line_names_the_key_and_what_to_write(wrong, line):
    with pytest.raises(ValidationError) as caught:
        Drawing.model_validate(GOOD | wrong)
    told = explain(caught.value, Drawing, "drawing")
    assert line in told
    assert "\n" not in told and len(told) < 200


def test_all_missing_keys_are_named_at_once():
    with pytest.raises(ValidationError) as caught:
        Drawing.model_validate({})
    assert explain(caught.value, Drawing, "drawing") == "shape is missing, and so is train"
