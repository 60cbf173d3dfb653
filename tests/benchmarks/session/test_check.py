"""Input that a session refuses before it loads a model."""

from pathlib import Path

import numpy as np
import pytest

import benchmarks
from benchmarks import BenchmarkConfig
from device.errors import InputError

IMAGES = np.zeros((6, 48, 48), np.uint8)
DATA = {"name": "noise", "digest": "ab" * 32, "synthetic": False, "split": "val"}


def refuse(message, *, labels=(0, 1, 2, 3, 4, 5), leaked=None, **settings):
    with pytest.raises(InputError, match=message) as caught:
        benchmarks.run(
            [Path("none.tflite")],
            IMAGES,
            {"fer2013": np.array(labels)},
            leaked=leaked,
            data=DATA,
            out=Path("never"),
            config=BenchmarkConfig(**settings),
        )
    assert "\n" not in str(caught.value)
    assert not Path("never").exists()


@pytest.mark.parametrize("wrong", [-5, -2, 7, 100])
def test_a_label_that_no_class_has(wrong):
    refuse("labels are .*: give 0 to 6", labels=(0, 1, 2, 3, 4, wrong))


def test_labels_for_other_images():
    refuse("5 entries of fer2013 for 6 images", labels=(0, 1, 2, 3, 4))
    refuse("2 entries of leaked for 6 images", leaked=np.zeros(2, bool))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"rounds": 0}, "rounds is 0: give 1 or more"),
        ({"threads": ()}, "threads is 0: give 1 or more"),
        ({"cold": -1}, "cold is -1: give 0 or more"),
        ({"count": ["z80"]}, "z80"),
        ({"video": Path("none.mp4")}, "none.mp4: no such video"),
    ],
)
def test_a_setting_that_cannot_be_measured(setting, message):
    refuse(message, **setting)


def test_settings_survive_json_and_those_of_another_version_are_named():
    config = BenchmarkConfig(threads=[2, 1, 2], peers=[Path("a.toml")])
    assert config.threads == (2, 1)
    assert BenchmarkConfig.from_dict(config.as_dict()) == config
    with pytest.raises(InputError, match="unknown settings laps: update fer-edge"):
        BenchmarkConfig.from_dict({"laps": 3})
