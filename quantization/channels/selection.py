"""Which channels go, for a net of a given cost: the least important for what they save.

The cost is multiply-adds, bytes, or a latency that somebody measures on the candidates.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from device.errors import CheckFailedError, InputError
from quantization.channels.analysis import analyze
from quantization.channels.importance import Scores
from quantization.channels.layout import Layout
from quantization.channels.prune import keep

Target = Literal["multiply_adds", "size", "latency"]
"""multiply_adds: of one picture. size: bytes of weights and biases in the int8 file. latency: as
measured."""

Measure = Callable[[Any], float]
"""From a Keras model to its latency as a share of that of the net that is being pruned."""

MULTIPLE = 8
"""Default multiple of the widths, and least width of a group: int8 kernels work on eight at a
time. Those of Arm cores work on 16 output channels, or 16 input channels, at a time."""

MAX_CUT = 0.5
"""The least share of a group's channels that is left at once: what channels matter one by one says
little of many together, so that deeper cuts take several steps with training between them."""

_TRIES = 6


def select_channels(
    model: Any,
    scores: Scores,
    *,
    target: Target,
    share: float,
    measure: Measure | None = None,
    multiple: int = MULTIPLE,
) -> dict[str, list[int]]:
    """Choose the channels that stay in a net that shall cost a share of what it costs.

    By `multiple` at a time, the channels go whose importance is least for the cost that they save,
    given what has gone already (as Molchanov et al. 2017, "Pruning Convolutional Neural Networks
    for Resource Efficient Inference", weigh importance against FLOPs); what the last of these cuts
    saves beyond the target is given back. What a cut gains in latency is not known beforehand: the
    share of the multiply-adds that meets the target is sought by bisection.

    Args:
        model: a functional Keras model.
        scores: of its channels, from `importance.measure`.
        target: the cost.
        share: of that cost to be left, above 0 and below 1.
        measure: for "latency"; called up to six times.
        multiple: of the widths of groups that are narrowed, and the least of them.

    Returns:
        By group the channels that stay, in order; groups that stay whole are left out.

    Raises:
        InputError: the share is out of range, or less than one step can leave.
        CheckFailedError: no candidate was as fast as that.
    """
    if not 0 < share < 1:
        raise InputError(f"channels: a share of {share} is to be left: give one between 0 and 1")
    layout = analyze(model)
    if target != "latency":
        return _within(layout, scores, target, share, multiple)
    if measure is None:
        raise InputError("a latency target needs a function that measures")
    least = _least(layout, scores, "multiply_adds", multiple) * (
        1 + 1e-9
    )  # rounding shall not undercut it
    low, high, found = least, 1.0, None
    # The first guess: time follows the multiply-adds, more or less.
    guess = max(share, least)
    for _ in range(_TRIES):
        kept = _within(layout, scores, "multiply_adds", guess, multiple)
        if measure(keep(model, kept)) <= share:
            low, found = guess, kept
        else:
            high = guess
        guess = (low + high) / 2
    if found is None:
        raise CheckFailedError(
            f"channels: no candidate took {share:.2f} of the time: ask for less, or for more steps"
        )
    return found


def _within(
    layout: Layout, scores: Scores, target: Target, share: float, multiple: int
) -> dict[str, list[int]]:
    """The channels that stay where a cost that can be computed is to shrink to a share."""
    cost = _cost(layout, target)
    budget = share * cost({})
    order = {name: np.argsort(-values, kind="stable") for name, values in scores.items()}
    widths = {name: layout.groups[name].size for name in scores}
    now = cost(widths)
    while now > budget:
        best = None
        for name, width in widths.items():
            narrower = _next(width, layout.groups[name].size, multiple)
            if narrower is None:
                continue
            saved = now - cost(widths | {name: narrower})
            lost = float(scores[name][order[name][narrower:width]].sum())
            if best is None or lost / saved < best[0]:
                best = lost / saved, name, narrower
        if best is None:
            raise InputError(
                f"channels: a step leaves at least {now / cost({}):.2f} of the {target} (half of "
                f"each layer, in multiples of {multiple}): {share:.2f} takes more steps"
            )
        widths[best[1]] = best[2]
        now = cost(widths)
    _give_back(widths, layout, scores, cost, budget, multiple)
    return {
        name: sorted(order[name][:width].tolist())
        for name, width in widths.items()
        if width < layout.groups[name].size
    }


def _give_back(
    widths: dict[str, int],
    layout: Layout,
    scores: Scores,
    cost: Callable[[dict[str, int]], int],
    budget: float,
    multiple: int,
) -> None:
    """Widen groups again while the budget allows, the most important channels first.

    The last cut may have saved far more than was missing.
    """
    while True:
        best: tuple[float, str, int] | None = None
        for name, width in widths.items():
            wider = min(width + multiple, layout.groups[name].size)
            if wider == width or cost(widths | {name: wider}) > budget:
                continue
            gained = float(np.sort(scores[name])[::-1][width:wider].sum())
            if best is None or gained > best[0]:
                best = gained, name, wider
        if best is None:
            return
        widths[best[1]] = best[2]


def _least(layout: Layout, scores: Scores, target: Target, multiple: int) -> float:
    """The least share of a cost that one step can leave."""
    cost = _cost(layout, target)
    widths = {}
    for name in scores:
        width: int | None = layout.groups[name].size
        while width is not None:
            widths[name] = width
            width = _next(width, layout.groups[name].size, multiple)
    return cost(widths) / cost({})


def _next(width: int, size: int, multiple: int) -> int | None:
    """The next narrower width of a group that had `size` channels; None where there is none."""
    narrower = (width - 1) // multiple * multiple
    return narrower if narrower >= max(multiple, MAX_CUT * size) else None


def _cost(layout: Layout, target: Target) -> Callable[[dict[str, int]], int]:
    return layout.weight_bytes if target == "size" else layout.multiply_adds
