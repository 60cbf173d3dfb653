"""Plot of the results of `quantization.verify.sqnr`; needs matplotlib but no display."""

import math
from importlib.util import find_spec
from pathlib import Path

from device.errors import InputError
from device.system.atomic_file import replacing
from quantization.verify.sqnr import Report

_BAR, _WEIGHTS, _SATURATED = "#1f5fa8", "#c4571b", "#8a8a8a"
_DPI = 150


def require() -> None:
    """Raise InputError if matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise InputError("the plot needs matplotlib: pip install 'fer-edge[plot]'")


def draw(report: Report, path: Path, *, title: str) -> None:
    """Plot SQNR and saturation of each layer, in execution order.

    Args:
        report: results for at least one layer.
        path: PNG file to write.
        title: title of the plot.

    Raises:
        InputError: matplotlib is missing, or the file cannot be written.
    """
    require()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    layers = report.layers
    rows = range(len(layers))
    figure = Figure(figsize=(9.0, 1.6 + 0.24 * len(layers)), layout="constrained")
    FigureCanvasAgg(figure)
    ratio, share = figure.subplots(1, 2, sharey=True, width_ratios=[3, 1])
    # A layer on which both files agree has an infinite ratio and gets no bar.
    ratio.barh(rows, [_finite(layer.sqnr_db) for layer in layers], color=_BAR, label="activations")
    weights = [(i, w) for i, layer in enumerate(layers) if (w := layer.weight_sqnr_db) is not None]
    ratio.scatter(
        [_finite(w) for _, w in weights], [i for i, _ in weights], color=_WEIGHTS, s=14, zorder=3,
        label="weights",
    )  # fmt: skip
    share.barh(rows, [100 * layer.saturated for layer in layers], color=_SATURATED)
    ratio.set_yticks(rows, [f"{layer.name}  {layer.index}" for layer in layers], fontsize=7)
    ratio.margins(y=0.01)
    ratio.invert_yaxis()
    ratio.set_xlabel("SQNR, dB (higher is better)")
    share.set_xlabel("saturated, %")
    for axes in (ratio, share):
        axes.grid(axis="x", color="0.92")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    ratio.legend(frameon=False, fontsize=8, loc="lower right")
    figure.suptitle(f"{title}, {report.images:,} images", fontsize=10)
    with replacing(path) as partial:
        figure.savefig(partial, dpi=_DPI)


def _finite(decibels: float) -> float:
    return decibels if math.isfinite(decibels) else math.nan
