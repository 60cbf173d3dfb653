"""Detect what disturbed a session; such sessions are marked, not discarded."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from benchmarks.results.types import MachineState, Mark, MarkKind

STAT = Path("/proc/stat")

HOT = 80.0
"""Degrees Celsius at which a Raspberry Pi reduces its clock."""

FAR, OFTEN = 1.25, 0.1
"""A model was disturbed if the medians of more than the share OFTEN of its rounds are above FAR
times the median over rounds."""

PREEMPTIONS = 20.0
"""Involuntary context switches per second above which a model was preempted; at a millisecond each,
they take 2 % of the time."""

FEW_PREEMPTIONS = 5
"""Number of context switches up to which their rate is not evaluated."""

OTHERS = 0.25
"""Number of cores used by other processes above which the machine counts as busy."""

_NAMED = 3  # models named in a message
_FACTS = frozenset({"governor"})  # marks that do not make latencies doubtful


class Watch:
    """Measures the processor time that other processes use from its creation to `others`."""

    def __init__(self) -> None:
        """Start measuring."""
        self._wall, self._busy, self._own = time.monotonic(), busy_seconds(), _own_seconds()

    def others(self) -> float | None:
        """Return the average number of cores that other processes used; None if not on Linux.

        Time that a hypervisor gave to other machines is included.
        """
        busy = busy_seconds()
        if busy is None or self._busy is None:
            return None
        own = _own_seconds() - self._own
        seconds = max(time.monotonic() - self._wall, 1e-3)
        return max(0.0, (busy - self._busy - own) / seconds)


def busy_seconds() -> float | None:
    """Read the processor time of all cores since boot, in seconds; None if not on Linux."""
    try:
        line = STAT.read_text().partition("\n")[0]
        user, nice, system, _, _, irq, softirq, steal = map(int, line.split()[1:9])
    except (OSError, ValueError):
        return None
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    return sum(os.times()[:4])


def marks(
    before: "MachineState",
    after: "MachineState | None",
    *,
    cores: int | None,
    others: float | None,
    preempted: Sequence[str],
    runs: Sequence[Mapping[str, Any]],
) -> list["Mark"]:
    """List what disturbed a session, or may have.

    Args:
        before: state of the machine before the session, see `benchmarks.machine.info`.
        after: state after the session.
        cores: number of cores that this process may use.
        others: average number of cores that other processes used while the rounds were timed.
        preempted: names of the models whose rounds were disturbed.
        runs: other runs at the same time, see `benchmarks.machine.concurrent_runs`.

    Returns:
        The `marks` of `results.json`.
    """
    states = [state for state in (before, after) if state]
    found = [
        _throttled(before, after),
        _hot(states),
        _preempted(preempted),
        _busy(before, cores, others),
        _another_run(runs),
        _governor(states),
    ]
    return [mark for mark in found if mark]


def is_doubtful(marks: Sequence["Mark"]) -> bool:
    """Whether a mark makes all latencies of a session doubtful.

    Preempted models are not included, because each is marked itself.
    """
    return any(mark["what"] not in _FACTS | {"preempted"} for mark in marks)


def disturbed(times: NDArray[np.int64], preempted: NDArray[np.int64]) -> bool:
    """Whether a model's rounds were disturbed beyond the bounds of this module.

    Args:
        times: int64 [rounds, per_round] in nanoseconds.
        preempted: int64 [rounds], involuntary context switches.
    """
    medians = np.median(times, axis=1)
    far = float((medians > FAR * np.median(medians)).mean())
    count = int(preempted.sum())
    rate = count / (float(times.sum()) / 1e9)
    return far > OFTEN or (count > FEW_PREEMPTIONS and rate > PREEMPTIONS)


def _throttled(before: "MachineState", after: "MachineState | None") -> "Mark | None":
    states = [state["throttled"] for state in (before, after) if state and state["throttled"]]
    if not states:
        return None
    now = {flag for state in states for flag in state["flags"] if "since" not in flag}
    new = set(states[-1]["flags"]) - set(states[0]["flags"])
    flags = sorted(now | new)
    if not flags:
        return None
    return _mark("throttled", f"the machine was slowed down: {', '.join(flags)}", flags=flags)


def _hot(states: Sequence["MachineState"]) -> "Mark | None":
    known = [state["temperature_c"] for state in states if state["temperature_c"] is not None]
    if not known or max(known) < HOT:
        return None
    return _mark("hot", f"the processor had {max(known):.0f} °C", temperature_c=max(known))


def _preempted(names: Sequence[str]) -> "Mark | None":
    if not names:
        return None
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    named = ", ".join(names[:_NAMED])
    text = f"taken off the processor, or slow in bursts, while timed: {named}{more}"
    return _mark("preempted", text, models=list(names))


def _busy(before: "MachineState", cores: int | None, others: float | None) -> "Mark | None":
    count = cores or 1
    load = before["load"][0] if before["load"] else 0.0
    parts = []
    if load > max(1.0, count / 2):  # a run that has just ended leaves a load of up to 1
        parts.append(f"load {load:.2f} at the start")
    if others is not None and others > OTHERS:
        parts.append(f"other processes used {others:.2f} cores while the models were timed")
    if not parts:
        return None
    text = f"the machine was busy: {' and '.join(parts)}, of {count} cores"
    return _mark("busy", text, load=load, others=others, cores=cores)


def _another_run(runs: Sequence[Mapping[str, Any]]) -> "Mark | None":
    if not runs:
        return None
    named = "; ".join(f"process {run['pid']} with {run['about']}" for run in runs)
    return _mark("another_run", f"fer-edge bench ran at the same time: {named}", runs=list(runs))


def _governor(states: Sequence["MachineState"]) -> "Mark | None":
    governors = {state["governor"] for state in states}
    known = sorted(name for name in governors if name and name != "performance")
    if not known:
        return None
    text = f"governor {' and '.join(known)}: the clock follows the load"
    return _mark("governor", text, governors=known)


def _mark(what: "MarkKind", text: str, **detail: Any) -> "Mark":
    return {"what": what, "text": text, "detail": detail}
