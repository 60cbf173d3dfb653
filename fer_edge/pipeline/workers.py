"""The workers of a run beside the chief: they share its trainings and write nothing of the run.

All workers see the run's folder. A worker goes through the same stages as the chief: it takes part
in those that are distributed, and waits for the others until the chief has done them.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fer_edge.pipeline import stages
from fer_edge.pipeline.stages import Stage
from fer_edge.training import cluster
from fer_edge.training.cluster import Cluster, WorkerLostError

_LOOK = 0.5  # seconds between two looks at the chief's folder
_GRACE = 5  # looks without the chief until it counts as lost


def pending(found: list[Stage], out: Path) -> list[Stage]:
    """The stages up to the last distributed one that is not done; none if all are."""
    waiting = [i for i, s in enumerate(found) if s.distributed and not stages.is_done(out / s.name)]
    return found[: waiting[-1] + 1] if waiting else []


def follow(
    found: list[Stage], out: Path, workers: Cluster, on_start: Callable[[str], None]
) -> Iterator[tuple[str, float | None]]:
    """Take part in the distributed stages of the chief's run.

    Args:
        found: the stages of the run.
        out: the run's folder, which the chief writes.
        workers: the workers; this one is not the chief.
        on_start: called with the name of each stage that is about to run.

    Yields:
        After each distributed stage its name and seconds.

    Raises:
        WorkerLostError: the chief ended before its stages were done.
    """
    with tempfile.TemporaryDirectory(prefix="fer-edge-worker-") as own:
        for stage in pending(found, out):
            if stages.is_done(out / stage.name):
                continue
            started = time.monotonic()
            if stage.distributed:
                on_start(stage.name)
                stage.work(Path(own) / stage.name)
            _wait(out / stage.name, workers)
            if stage.distributed:
                yield stage.name, round(time.monotonic() - started, 1)


def _wait(folder: Path, workers: Cluster) -> None:
    """Wait until the chief has done a stage."""
    absent = 0
    while not stages.is_done(folder):
        absent = 0 if cluster.is_reachable(workers.addresses[0]) else absent + 1
        if absent == _GRACE:
            raise WorkerLostError(
                f"the chief ({workers.addresses[0]}) ended before stage {folder.name} was done"
            )
        time.sleep(_LOOK)
