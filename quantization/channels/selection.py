"""Select the channels to prune for a target cost, lowest importance per unit of cost first.

The cost is multiply-adds, bytes, or a latency that the caller's function measures on candidates.
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
"""multiply_adds: multiply-adds per image. size: bytes of weights and biases in the int8 file.
latency: measured latency."""

Measure = Callable[[Any], float]
"""Gives the latency of a Keras model, relative to that of the unpruned net."""

MULTIPLE = 8
"""Default for the multiple and the minimum of group widths: int8 kernels process eight channels at
a time. Those for Arm cores process 16 output channels, or 16 input channels, at a time."""

MAX_CUT = 0.5
"""Smallest share of a group's channels that one step leaves. Importance is estimated per channel
and says little about removing many at once: deeper cuts take several steps with training between
them."""

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
    """Choose the channels to keep so that the cost falls to a given share.

    Channels are removed greedily, `multiple` at a time, lowest importance per unit of saved cost
    first, given the cuts made so far (similar to the FLOPs regularization of Molchanov et al. 2017,
    "Pruning Convolutional Neural Networks for Resource Efficient Inference"). Channels are restored
    where the last cut saved more than needed. The latency of a cut is not known in advance: the
    share of multiply-adds that meets a latency target is found by bisection.

    Args:
        model: functional Keras model.
        scores: channel importance from `importance.measure`.
        target: kind of cost.
        share: share of that cost to be left, above 0 and below 1.
        measure: latency function for target "latency"; called up to six times.
        multiple: pruned group widths are multiples of this number, and at least this number.

    Returns:
        Sorted channels to keep, by group; groups that are kept whole are left out.

    Raises:
        InputError: the share is out of range, or smaller than one step can reach.
        CheckFailedError: no candidate was fast enough.
    """
    if not 0 < share < 1:
        raise InputError(f"channels: the share to be left is {share}: give one between 0 and 1")
    layout = analyze(model)
    if target != "latency":
        return _within(layout, scores, target, share, multiple)
    if measure is None:
        raise InputError("a latency target needs a function that measures latency")
    least = _least(layout, scores, "multiply_adds", multiple) * (
        1 + 1e-9
    )  # rounding must not make it too small
    low, high, found = least, 1.0, None
    # First guess: latency is proportional to the multiply-adds.
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
            f"channels: no candidate reached {share:.2f} of the latency: raise share or steps"
        )
    return found


def _within(
    layout: Layout, scores: Scores, target: Target, share: float, multiple: int
) -> dict[str, list[int]]:
    """The channels to keep for a share of a cost that can be computed."""
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
    """Restore channels while the cost target allows it, the most important first.

    The last cut may have saved far more than was needed.
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
    """Smallest share of a cost that one step can reach."""
    cost = _cost(layout, target)
    widths = {}
    for name in scores:
        width: int | None = layout.groups[name].size
        while width is not None:
            widths[name] = width
            width = _next(width, layout.groups[name].size, multiple)
    return cost(widths) / cost({})


def _next(width: int, size: int, multiple: int) -> int | None:
    """The next smaller width of a group that had `size` channels; None if there is none."""
    narrower = (width - 1) // multiple * multiple
    return narrower if narrower >= max(multiple, MAX_CUT * size) else None


def _cost(layout: Layout, target: Target) -> Callable[[dict[str, int]], int]:
    return layout.weight_bytes if target == "size" else layout.multiply_adds
