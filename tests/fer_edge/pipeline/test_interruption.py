"""A run that is killed repeatedly ends like an uninterrupted run."""

import csv
import itertools
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_edge.pipeline import pipeline
from fer_edge.pipeline.run import Run

# SIGKILL at the worst moment: an epoch is trained and in the history, its checkpoint is not there.
DRIVER = """
import os, signal, sys
from pathlib import Path
from fer_edge import recipe
from fer_edge.pipeline import pipeline
from fer_edge.pipeline.run import Run
from fer_edge.training import history

stage, epoch, recipe_file, data, out = sys.argv[1:]
save = history.save

def save_and_die(rows, path):
    save(rows, path)
    with (Path(out) / "epochs.log").open("a") as log:
        log.write(f"{path.parent.name} {len(rows)}\\n")
    if path.parent.name == stage and len(rows) == int(epoch):
        os.kill(os.getpid(), signal.SIGKILL)

history.save = save_and_die
run = Run(recipe.load(recipe_file), Path(data), Path(out))
for _ in pipeline.run(run, until="quantize"):
    pass
"""

KILLS = [("train", 2), ("prune", 2), ("quantize", 3)]


@pytest.mark.slow
def test_sigkill_in_each_stage_costs_one_epoch_and_changes_nothing(
    tiny, finished: Run, tmp_path: Path
) -> None:
    for stage, epoch in [*KILLS, ("none", 0)]:
        ended = subprocess.run(
            [sys.executable, "-c", DRIVER, stage, str(epoch), tiny.recipe, tiny.data, tmp_path],
            capture_output=True,
            text=True,
        )
        killed = -signal.SIGKILL if stage != "none" else 0
        assert ended.returncode == killed, ended.stderr

    log = (tmp_path / "epochs.log").read_text().splitlines()
    for stage, epoch in KILLS:
        again = [f"{stage} {i}" for i in (1, 2, 3) for _ in range(2 if i == epoch else 1)]
        assert [line for line in log if line.startswith(stage)] == again
        for weight, undisturbed in zip(
            *(arrays(folder / stage / "weights.npz") for folder in (tmp_path, finished.out)),
            strict=True,
        ):
            np.testing.assert_array_equal(weight, undisturbed)


@pytest.mark.slow
def test_a_clock_that_jumps_changes_no_weight(
    tiny, finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jumps, now = itertools.cycle([0.0, 1e8, -1e9, 3600.0, -3600.0]), time.time
    monkeypatch.setattr(time, "time", lambda: now() + next(jumps))
    for _, seconds in pipeline.run(replace(finished, out=tmp_path), until="train"):
        assert 0 < seconds < 3600
    names = ("weights.npz", "history.csv")
    found, wanted = ([(out / "train" / name) for name in names] for out in (tmp_path, finished.out))
    assert found[0].read_bytes() == wanted[0].read_bytes()
    with found[1].open() as ours, wanted[1].open() as theirs:
        for row, other in zip(csv.DictReader(ours), csv.DictReader(theirs), strict=True):
            assert 0 < float(row.pop("seconds")) < 3600
            other.pop("seconds")
            assert row == other


def arrays(path: Path) -> list[np.ndarray]:
    with np.load(path) as file:
        return [file[name] for name in file.files]
