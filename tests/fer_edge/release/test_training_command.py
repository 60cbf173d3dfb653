"""The command on a shipped model's card is the one that made its run."""

import json
from pathlib import Path

import pytest

from device.errors import InputError
from fer_edge import recipe
from fer_edge.release.training_command import training_command


def test_a_recipe_as_it_is_needs_no_option(tmp_path: Path) -> None:
    made_with = recipe.load("nano").model_dump(mode="json")
    assert training_command(tmp_path, made_with) == "fer-edge pipeline nano --data fer2013.npz"


def test_changed_values_are_given_and_what_the_machine_decides_is_not(tmp_path: Path) -> None:
    changes = ["name=tiny", "train.epochs=3", "augment.flip=false", "train.bfloat16=false"]
    made_with = recipe.load("nano", changes).model_dump(mode="json")
    assert training_command(tmp_path, made_with, recipe="nano") == (
        "fer-edge pipeline nano --set name=tiny --set augment.flip=false --set train.epochs=3 "
        "--data fer2013.npz"
    )


def test_a_run_that_started_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    stage = {"settings": {"init": "0" * 64}, "done": True}
    (tmp_path / "train" / "stage.json").write_text(json.dumps(stage))
    with pytest.raises(InputError, match="did not start from zoo:nano"):
        training_command(tmp_path, {"name": "nano-pruned"}, recipe="lean", init="zoo:nano")
