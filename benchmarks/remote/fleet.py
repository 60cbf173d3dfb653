"""Many hosts at once: their progress, Ctrl-C, and where their results go."""

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
"""The last that is said of a host."""

Notify = Callable[[Host, str], None]


@dataclass(frozen=True)
class Outcome:
    """What came of one host: either of the two.

    Attributes:
        results: as `benchmarks.results.file.load` gives them.
        error: why there are none.
    """

    host: Host
    results: "Results | None" = None
    error: FerEdgeError | None = None


def run(
    hosts: Sequence[Host], job: Job, *, python: str, out: Path, notify: Notify
) -> list[Outcome]:
    """Measure on all hosts at the same time.

    Ctrl-C ends the runs early, and what was measured until then is kept, marked partial; a second
    one waits for nothing. Either way the hosts are left as they were.

    Args:
        hosts: each once.
        job: the same for all.
        python: on the hosts; a path or a name in their PATH.
        out: gets `HOST/results.json` of every host that succeeds, in place of one that is there.
        notify: is told of each host what goes on.

    Returns:
        The outcomes, in the order of `hosts`.

    Raises:
        InputError: a file of the job cannot be read.
        KeyboardInterrupt: at the second Ctrl-C.
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
    """Write results under the names that things have here, and check them.

    Raises:
        CheckFailedError: the host sent something else.
        InputError: the file cannot be written.
    """
    try:
        found["machine"]["host"] = str(host)
        for block, model in zip(found["models"], job.models, strict=True):
            block["path"] = str(model)
        with tempfile.TemporaryDirectory() as folder:  # what is not whole never gets to `path`
            trial = Path(folder) / RESULTS
            results_file.save(cast("Results", found), trial)
            whole = results_file.load(trial)
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise CheckFailedError(f"{host}: sent no whole results.json ({error})") from error
    results_file.save(cast("Results", found), path)
    return whole
