"""`fer-edge bench --on`: the same measurement on other machines."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from device.errors import ExitCode, FerEdgeError
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from rich.progress import TaskID

    from benchmarks.remote import Host, Job, Outcome

PANEL = "Other machines"

OnOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ssh://USER@HOST[:PORT]",
        help="Measure on this host instead of this machine; may be repeated.",
        rich_help_panel=PANEL,
    ),
]
RemotePythonOption = Annotated[
    str,
    typer.Option(metavar="PATH", help="Python interpreter on the hosts.", rich_help_panel=PANEL),
]


class Tracker:
    """Progress line per host; plain lines if standard error is not a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._progress: Progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._tasks: dict[Host, TaskID] = {}

    def __enter__(self) -> "Tracker":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def notify(self, host: "Host", text: str) -> None:
        """Show the current step of a host."""
        from benchmarks.remote import fleet

        line = f"{host}: {text}"
        if self._progress.disable:
            echo(line, err=True)
            return
        if host not in self._tasks:
            self._tasks[host] = self._progress.add_task(line, total=None)
        self._progress.update(self._tasks[host], description=line)
        if text in fleet.ENDS:
            self._progress.stop_task(self._tasks[host])


def check_hosts(texts: Sequence[str], python: str, out: Path, *, force: bool) -> "list[Host]":
    """Parse the hosts, before the data is loaded.

    Args:
        texts: hosts as `ssh://USER@HOST[:PORT]`.
        python: Python on the hosts: a path, or a name in their PATH.
        out: folder for `HOST/results.json` and the reports.
        force: whether results in `out` may be replaced.

    Raises:
        InputError: a host or the Python is invalid, or `out` already holds results of a host.
    """
    from benchmarks.remote import host
    from fer_edge.data.output import refuse_existing

    hosts = host.parse_all(texts)
    host.quoted(python)
    for one in hosts:
        refuse_existing(out / one.folder / "results.json", force=force)
    return hosts


def measure(hosts: "Sequence[Host]", job: "Job", *, python: str, out: Path, as_json: bool) -> None:
    """Measure on all hosts and print one table for all of them.

    Args:
        hosts: hosts as returned by `check_hosts`.
        job: benchmark to run.
        python: Python on the hosts: a path, or a name in their PATH.
        out: folder for `HOST/results.json` and the reports.
        as_json: whether to print JSON instead of the table.

    Raises:
        typer.Exit: a host failed (exit code of its error), or Ctrl-C ended the runs.
    """
    from benchmarks import remote

    with Tracker() as tracker:
        outcomes = remote.run(hosts, job, python=python, out=out, notify=tracker.notify)
    _print(outcomes, out, as_json=as_json)
    errors = [outcome.error for outcome in outcomes if outcome.error]
    for error in errors:
        echo(f"fer-edge: {error}", err=True)
    if any(outcome.results and outcome.results["partial"] for outcome in outcomes):
        raise typer.Exit(ExitCode.INTERRUPTED)
    if errors:
        raise typer.Exit(_exit_code(errors))


def _print(outcomes: Sequence["Outcome"], out: Path, *, as_json: bool) -> None:
    from rich.console import Console

    from benchmarks import report
    from benchmarks.remote import table

    for outcome in outcomes:
        if outcome.results:
            report.write(outcome.results, out / outcome.host.folder)
    if as_json:
        print_json({str(one.host): _json(one) for one in outcomes})
        return
    table.show(outcomes, Console())
    for outcome in outcomes:
        if outcome.results:
            echo(f"Report of {outcome.host}: {out / outcome.host.folder}")


def _json(outcome: "Outcome") -> Mapping[str, Any]:
    return outcome.results or {"error": str(outcome.error)}


def _exit_code(errors: Sequence[FerEdgeError]) -> int:
    """Return the highest exit code: invalid input (2) takes precedence over a failed run (1)."""
    return max(error.exit_code for error in errors)
