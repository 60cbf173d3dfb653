"""Run a job on several hosts at once: progress, Ctrl-C, and where the results are written."""

import asyncio
import signal
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks.remote import connection
from benchmarks.remote.host import Host
from benchmarks.remote.job import Job
from benchmarks.results import file as results_file
from device.errors import CheckFailedError, FerEdgeError, InputError

if TYPE_CHECKING:
    from benchmarks.results.types import Results

RESULTS = "results.json"
ENDS = DONE, FAILED = "done", "failed"
"""Last texts of the progress of a host."""

Notify = Callable[[Host, str], None]


@dataclass(frozen=True)
class Outcome:
    """Outcome on one host: results or an error.

    Attributes:
        host: the host.
        results: results as of `benchmarks.results.file.load`; None if the run failed.
        error: why there are no results; None if there are.
    """

    host: Host
    results: "Results | None" = None
    error: FerEdgeError | None = None


def run(
    hosts: Sequence[Host], job: Job, *, python: str, out: Path, notify: Notify
) -> list[Outcome]:
    """Measure on all hosts at the same time.

    Ctrl-C ends the runs early and keeps what was measured, marked as partial. A second Ctrl-C does
    not wait for results. In both cases the hosts are cleaned up.

    Args:
        hosts: hosts without repeats.
        job: the job for all hosts.
        python: Python on the hosts; a path, or a name in their PATH.
        out: folder for `HOST/results.json` of each host that succeeds; existing files are replaced.
        notify: callback for the progress, called with the host and a short text.

    Returns:
        The outcomes in the order of `hosts`.

    Raises:
        InputError: a file of the job cannot be read.
        KeyboardInterrupt: Ctrl-C was pressed twice.
    """
    return asyncio.run(_run(hosts, job, python, out, notify))


async def _run(
    hosts: Sequence[Host], job: Job, python: str, out: Path, notify: Notify
) -> list[Outcome]:
    payload = job.pack()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def one(host: Host) -> Outcome:
        try:
            found = await connection.measure(
                host, payload, python=python, notify=lambda text: notify(host, text), stop=stop
            )
            outcome = Outcome(host, _keep(found, host, job, out / host.folder / RESULTS))
        except FerEdgeError as error:
            outcome = Outcome(host, error=error)
        notify(host, FAILED if outcome.error else DONE)
        return outcome

    whole = asyncio.gather(*map(one, hosts))

    def interrupt() -> None:
        if stop.is_set():
            whole.cancel()
        stop.set()

    loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        return await whole
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def _keep(found: dict[str, Any], host: Host, job: Job, path: Path) -> "Results":
    """Check results and write them with the paths of the models on this machine.

    Raises:
        CheckFailedError: the host sent something else.
        InputError: the file cannot be written.
    """
    try:
        found["machine"]["host"] = str(host)
        for block, model in zip(found["models"], job.models, strict=True):
            block["path"] = str(model)
        with (
            tempfile.TemporaryDirectory() as folder
        ):  # incomplete results are not written to `path`
            trial = Path(folder) / RESULTS
            results_file.save(cast("Results", found), trial)
            whole = results_file.load(trial)
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise CheckFailedError(f"{host}: sent no complete results.json ({error})") from error
    results_file.save(cast("Results", found), path)
    return whole
