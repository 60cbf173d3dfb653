"""What disturbed a session, and so casts doubt on its latencies: marked, never hidden."""

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
"""Degrees Celsius; from here a Raspberry Pi slows itself down."""

FAR, OFTEN = 1.25, 0.1
"""A model was disturbed where the medians of so large a share of its rounds are above so many times
the median over rounds."""

PREEMPTIONS = 20.0
"""A model was preempted where the system took the processor away more often than this a second; at
a millisecond each that is 2 % of the time."""

FEW_PREEMPTIONS = 5
"""So few say nothing about how often."""

OTHERS = 0.25
"""A machine is busy where other processes use more than this of a core."""

_NAMED = 3  # models in a line for people
_FACTS = frozenset({"governor"})  # marks that are to be known, but disturbed nothing by themselves


class Watch:
    """Notes how much of the processors others use, from its start to `others`."""

    def __init__(self) -> None:
        """Start."""
        self._wall, self._busy, self._own = time.monotonic(), busy_seconds(), _own_seconds()

    def others(self) -> float | None:
        """Give the cores that other processes used on average; None where Linux does not say.

        The time that a hypervisor gave to other machines counts too.
        """
        busy = busy_seconds()
        if busy is None or self._busy is None:
            return None
        own = _own_seconds() - self._own
        seconds = max(time.monotonic() - self._wall, 1e-3)
        return max(0.0, (busy - self._busy - own) / seconds)


def busy_seconds() -> float | None:
    """Add up the time that all cores have worked since the machine started, in seconds."""
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
    """Say what disturbed a session, or may have.

    Args:
        before: `state` of the machine, see `benchmarks.machine.info`.
        after: the same at the end.
        cores: that this process may use.
        others: cores that other processes used while the rounds were timed.
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
    """Tell whether a mark casts doubt on all latencies of a session.

    Models that were preempted are marked one by one.
    """
    return any(mark["what"] not in _FACTS | {"preempted"} for mark in marks)


def disturbed(times: NDArray[np.int64], preempted: NDArray[np.int64]) -> bool:
    """Tell whether a model's rounds were disturbed beyond the bounds of this module.

    Args:
        times: int64 [rounds, per_round], nanoseconds.
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
    if load > max(1.0, count / 2):  # a run just before this one leaves up to 1
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
