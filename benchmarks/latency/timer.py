"""One model's turn: single calls timed one after the other."""

import gc
from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Timed(Protocol):
    """What takes its turn elsewhere, as in a process of its own, so that the way is not timed."""

    def time(self, arguments: Sequence[Any]) -> list[int]:
        """Take a turn; see `time_calls`."""
        ...


def time_calls(call: Callable[[Any], object], arguments: Sequence[Any]) -> list[int]:
    """Call once without a clock, because the model before has the caches, then with one.

    The garbage collector rests meanwhile, as in `timeit`.

    Args:
        call: what is timed; one that is `Timed` does it itself.
        arguments: of one timed call each, at least one; the first is that of the warm-up too.

    Returns:
        Nanoseconds of each call.
    """
    if isinstance(call, Timed):
        return call.time(arguments)
    call(arguments[0])
    times = []
    collecting = gc.isenabled()
    gc.disable()
    try:
        for argument in arguments:
            start = perf_counter_ns()
            call(argument)
            times.append(perf_counter_ns() - start)
    finally:
        if collecting:
            gc.enable()
    return times
