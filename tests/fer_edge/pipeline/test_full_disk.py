"""A full disk at any stage of a pipeline: one line; with room, the stage gives the same bytes.

A limit on the size of files (RLIMIT_FSIZE) stands for the full disk. A small one stops a stage at
its first file; a large one lets small files pass and stops in TensorFlow's own code, at the
checkpoint.
"""

import resource
import runpy
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fer_edge.cli.app import app
from fer_edge.pipeline import pipeline
from fer_edge.pipeline.run import Run

pytestmark = pytest.mark.slow

KILLS = runpy.run_path(str(Path(__file__).parent / "kills.py"))
STAGES = ("train", "prune", "quantize", "export", "verify", "benchmark", "report")
FIRST_FILE = 250  # bytes
CHECKPOINT = 60_000  # bytes: above the weights of the tiny net, below its checkpoint

Limited = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def limited() -> Limited:
    @contextmanager
    def to(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return to


@pytest.mark.parametrize(
    ("stage", "size"),
    [*((stage, FIRST_FILE) for stage in STAGES), ("train", CHECKPOINT), ("quantize", CHECKPOINT)],
)
def test_a_full_disk_is_one_line_and_a_run_with_room_again_loses_nothing(
    stage: str, size: int, tiny, finished: Run, tmp_path: Path, limited: Limited
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "run"
    for folder, first in ((whole, STAGES.index(stage) + 1), (out, STAGES.index(stage))):
        shutil.copytree(finished.out, folder)
        for later in STAGES[first:]:
            shutil.rmtree(folder / later)
    before = KILLS["digests"](out)
    words = ["pipeline", str(tiny.recipe), "--data", str(tiny.data), "--out", str(out)]

    with limited(size):
        done = CliRunner().invoke(app, words)
    assert done.exit_code == 2, (done.output, done.exception)
    assert "cannot be written (File too large)" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    after = KILLS["digests"](out)
    assert {name: after.get(name) for name in before} == before

    assert list(pipeline.run(replace(finished, out=out), until=stage))
    assert KILLS["report"](whole, out) == 0
