"""Time single calls of one model, one after the other."""

import gc
from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Timed(Protocol):
    """A callable that times its own calls, as in another process, without the communication."""

    def time(self, arguments: Sequence[Any]) -> list[int]:
        """Time calls, see `time_calls`."""
        ...


def time_calls(call: Callable[[Any], object], arguments: Sequence[Any]) -> list[int]:
    """Make one call to warm up, because the caches hold the previous model, then timed calls.

    The garbage collector is disabled meanwhile, as in `timeit`.

    Args:
        call: the timed function; if it is `Timed`, it times its calls itself.
        arguments: one argument for each timed call, at least one; the warm-up call uses the first.

    Returns:
        Nanoseconds of each timed call.
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
