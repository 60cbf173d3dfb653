"""A tiny run of the whole pipeline on synthetic faces, made once per session."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from fer_edge import recipe
from fer_edge.data import synthetic
from fer_edge.pipeline import pipeline
from fer_edge.pipeline.run import Run

NEEDS_INIT = ("finetune", "lean", "unlabeled", "wild")
"""Recipes without a net of their own: they start from a shipped one."""

TINY = """
description = "as small as a recipe can be and still do everything"
seed = 3

[model]
name = "mobilenet"
heads = ["fer2013"]
stem = [{ width = 8, stride = 2 }]
stages = [
    { width = 8, stride = 2, expansion = 2 },
    { width = 16, repeats = 2, stride = 2, expansion = 2 },
]
features = 32
dropout = 0.1

[train]
epochs = 3
batch = 32
learning_rate = 3e-3
weight_decay = 0.01
ema = 0.9

[prune]
epochs = 3
learning_rate = 1e-3
sparsity = 0.5
distill = 0.5

[quantize]
epochs = 3
learning_rate = 3e-4
distill = 0.5
calibration = 100
# Nets of three epochs sit on the fence between classes.
max_disagreement = 0.2

[bench]
rounds = 2
"""


@dataclass(frozen=True)
class Tiny:
    """A recipe file and its data."""

    recipe: Path
    data: Path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.toml").write_text(TINY)
    synthetic.generate(40, seed=5).save(folder / "tiny.npz")
    return Tiny(folder / "tiny.toml", folder / "tiny.npz")


@pytest.fixture(scope="session")
def finished(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished pipeline run, which no test changes."""
    run = Run(recipe.load(str(tiny.recipe)), tiny.data, tmp_path_factory.mktemp("runs") / "tiny")
    done = dict(pipeline.run(run))
    (run.out / "seconds.json").write_text(json.dumps(done))
    return run
