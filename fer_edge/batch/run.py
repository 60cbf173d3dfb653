"""Distributes the parts of a batch over processes or machines with Dask."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from device.errors import CheckFailedError, InputError
from device.system.exclusive_folder import exclusive
from fer_edge.batch import worker_setup
from fer_edge.batch.label import label
from fer_edge.batch.plan import LOCK, Part, Settings
from fer_edge.data import progress

RETRIES = 3
"""Number of times a part is retried after its worker died."""

PACKAGES = ("distributed", "pyarrow")
"""Packages of the extra `batch`."""


def run(
    parts: list[Part],
    settings: Settings,
    out: Path,
    *,
    workers: int,
    scheduler: str | None = None,
    on_start: Callable[[Any], None] = lambda _: None,
) -> dict[str, int]:
    """Label all parts that are not done yet.

    If a worker dies, its part is retried on another one and the process is replaced. Incomplete
    files of killed workers are removed.

    Args:
        parts: parts of the plan.
        settings: settings of the batch.
        out: folder of the Parquet files; with a scheduler it must be shared by all machines.
        workers: number of processes on this machine.
        scheduler: address of a running Dask scheduler, instead of processes on this machine.
        on_start: callback with the Dask client, called before the first part.

    Returns:
        Number of `files`, `faces` and `errors` of the parts labeled by this call.

    Raises:
        InputError: the scheduler cannot be reached, a part cannot be written, or another process
            uses the same folder.
        CheckFailedError: the workers of a part died repeatedly.
    """
    import dask
    from distributed import Client, KilledWorker, LocalCluster, as_completed

    waiting = [part for part in parts if not part.output(out).exists()]
    total = {"files": 0, "faces": 0, "errors": 0}
    if not waiting:
        return total
    worker_setup.silence()
    settings_of_dask = {
        "distributed.scheduler.allowed-failures": RETRIES,
        "distributed.worker.preload": [worker_setup.__name__],
    }
    with ExitStack() as stack:
        stack.enter_context(exclusive(out, LOCK))  # released last, after all workers stopped
        stack.enter_context(dask.config.set(settings_of_dask))
        if scheduler is None:
            count = min(workers, len(waiting))
            try:
                cluster = stack.enter_context(
                    LocalCluster(count, threads_per_worker=1, dashboard_address="localhost:0")
                )
            except RuntimeError as error:
                raise CheckFailedError(
                    "a worker process ended while it started: check the memory, and rerun the "
                    "same command"
                ) from error
            client = stack.enter_context(Client(cluster))
        else:
            try:
                client = stack.enter_context(Client(scheduler, timeout=30))
            except (OSError, ValueError) as error:
                raise InputError(f"--scheduler {scheduler} cannot be reached ({error})") from error
        on_start(client)
        futures = [client.submit(label, part, settings, out, pure=False) for part in waiting]
        advance = stack.enter_context(progress.bar("Labeling", len(waiting)))
        try:
            for _, found in as_completed(futures, with_results=True):
                total = {name: value + found[name] for name, value in total.items()}
                advance(1)
        except KilledWorker as error:
            raise CheckFailedError(
                f"a part failed because its worker died {RETRIES + 1} times: check the memory. "
                f"Finished parts are kept in {out}; rerun the same command to resume"
            ) from error
    return total
