"""Changed inputs: each reader takes them, or refuses them in one line."""

import random

import pytest

from .fuzz import CORPUS, change, fault, opened
from .targets import TARGETS, seeds

pytest.importorskip("uvicorn", reason="the extra serve is not installed")
pytest.importorskip("paho.mqtt", reason="the extra mqtt is not installed")

NAMES = [*TARGETS, "http"]
CHANGES = {"mqtt-packets": 5}
"""Number of changed inputs of a target that waits for a socket; 20 of the others."""


@pytest.mark.parametrize("name", NAMES)
def test_valid_inputs_are_read(name, tmp_path):
    with opened(name) as target:
        for content in seeds(name):
            target(content, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_changed_inputs_are_read_or_refused_in_one_line(name, tmp_path):
    draw = random.Random(name)
    with opened(name) as target:
        for _ in range(CHANGES.get(name, 20)):
            content = change(draw, draw.choice(seeds(name)))
            assert fault(target, content, tmp_path) is None, content[:2000]


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: path.name)
def test_inputs_that_once_were_faults_are_none(path, tmp_path):
    with opened(path.parent.name) as target:
        assert fault(target, path.read_bytes(), tmp_path) is None
