import json
from pathlib import Path

import pytest

from device.errors import InputError
from device.geometry import MARGIN
from device.model import card


def write(folder: Path, content: object) -> Path:
    model = folder / "fer2013_int8.tflite"
    text = content if isinstance(content, str) else json.dumps(content)
    card.card_path(model).write_text(text)
    return model


def test_the_crop_is_that_of_the_training(tmp_path: Path) -> None:
    assert card.margin(write(tmp_path, {"input": {"margin": 0.1}})) == 0.1


def test_a_model_without_a_card_or_a_margin_has_the_usual_one(tmp_path: Path) -> None:
    assert card.margin(tmp_path / "none.tflite") == MARGIN
    assert card.margin(write(tmp_path, {"input": {}})) == MARGIN


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"input": 3}',
        *({"input": {"margin": m}} for m in ("0.1", None, -0.5, True)),
    ],
)
def test_a_card_that_is_none_is_named(tmp_path: Path, content: object) -> None:
    with pytest.raises(InputError, match=r"fer2013_int8\.card\.json"):
        card.margin(write(tmp_path, content))
