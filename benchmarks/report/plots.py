"""Plots of the report, drawn with matplotlib's object interface: no display, no global state."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.report.core import machine_title
from benchmarks.report.label_placement import place
from benchmarks.report.table import SYNTHETIC, microseconds, percent, threads_of
from device.system.atomic_file import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.results.types import Accuracy, ClassAccuracy, Latency, ModelResult, Results

COLORS = {"fer2013": "#1f5fa8", "ferplus": "#c4571b"}
HEAD_NAMES = {"fer2013": "FER2013 labels", "ferplus": "FER+ labels"}
DPI = 150
PARETO, CONFUSION = "pareto", "confusion_"
"""Prefixes of the file names of plots."""


def available() -> bool:
    """Whether matplotlib is installed; the base installation does not include it."""
    return find_spec("matplotlib") is not None


def write(results: "Results", folder: Path, kinds: Sequence[str]) -> list[Path]:
    """Draw `pareto` and `confusion_NAME` in each format.

    A model that an interrupted run did not reach has no plot.

    Args:
        results: results of a session.
        folder: folder of the plots, created if missing; existing plots are replaced.
        kinds: file formats, "png" or "svg".

    Returns:
        Paths of the plots, those of the first format first.
    """
    drawn = []
    for kind in kinds:
        if on_the_map(results):
            drawn.append(folder / f"{PARETO}.{kind}")
            pareto(results, drawn[-1])
        for model in results["models"]:
            if model["accuracy"]:
                drawn.append(folder / f"{CONFUSION}{model['name']}.{kind}")
                confusion(model, results, drawn[-1])
    return drawn


@dataclass(frozen=True)
class Point:
    """A model that has both an accuracy and a latency."""

    model: "ModelResult"
    accuracy: "Accuracy"
    latency: "Latency"


def on_the_map(results: "Results") -> list[Point]:
    """Select the models that have both an accuracy and a latency."""
    return [
        Point(model, model["accuracy"], model["latency"])
        for model in results["models"]
        if model["accuracy"] and model["latency"]
    ]


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """Select the models that no other one beats in both accuracy and p50, fastest first."""
    front: list[Point] = []
    for point in sorted(points, key=lambda one: (one.latency["p50_us"], -one.accuracy["top1"])):
        if not front or point.accuracy["top1"] > front[-1].accuracy["top1"]:
            front.append(point)
    return front


def pareto(results: "Results", path: Path) -> None:
    """Draw top-1 over p50 latency with the size as area, and a Pareto front for each label set.

    Accuracies on different label sets do not compare, so the heads share the axes but no front.

    Args:
        results: results with at least one model that has accuracy and latency.
        path: path of the plot, PNG or SVG by its suffix.
    """
    figure = _figure(9.0, 6.0)
    axes = figure.add_subplot()
    models = on_the_map(results)
    largest = max(one.model["size"]["bytes"] for one in models)
    points = []
    for head, color in COLORS.items():
        own = [one for one in models if one.model["head"] == head]
        for one in own:
            points.append(_draw_point(axes, one, color, largest))
        if own:
            _draw_front(axes, pareto_front(own), color, HEAD_NAMES[head])
    times = [one.latency["p50_us"] for one in models]
    if max(times) > 8 * min(times):
        axes.set_xscale("log")
    axes.margins(x=0.14, y=0.16)
    axes.set_xlabel("p50 latency of one face, µs (lower is better)")
    axes.set_ylabel("top-1 accuracy, % (higher is better)")
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0)
    threads = threads_of(results)
    _title(
        figure,
        f"Accuracy against latency on {machine_title(results)}, "
        f"{threads} {'thread' if threads == 1 else 'threads'}",
        f"circle area: file size (largest {largest / 1000:,.0f} kB); bars: 95 % intervals",
        results,
    )
    place(axes, points)
    _save(figure, path)


def _draw_point(
    axes: "Axes", point: Point, color: str, largest: int
) -> tuple[float, float, float, str, str]:
    """Draw a model.

    Returns:
        x, y, radius of the circle in points, text, color.
    """
    x, y = point.latency["p50_us"], 100 * point.accuracy["top1"]
    area = 1400 * point.model["size"]["bytes"] / largest
    low, high = (100 * end for end in point.accuracy["top1_ci95"])
    across = point.latency["p50_us_ci95"]
    axes.errorbar(
        x,
        y,
        xerr=None if across is None else [[max(0, x - across[0])], [max(0, across[1] - x)]],
        yerr=[[y - low], [high - y]],
        color=color,
        alpha=0.45,
        linewidth=1,
    )
    axes.scatter(x, y, s=area, color=color, alpha=0.28, linewidths=0)
    axes.scatter(x, y, s=10, color=color)
    size = point.model["size"]["bytes"] / 1000
    text = f"{point.model['name']}\n{y:.1f} %, {microseconds(x)} µs, {size:,.0f} kB"
    return x, y, float(np.sqrt(area / np.pi)), text, color


def _draw_front(axes: "Axes", front: Sequence[Point], color: str, name: str) -> None:
    axes.plot(
        [model.latency["p50_us"] for model in front],
        [100 * model.accuracy["top1"] for model in front],
        color=color,
        linestyle="--",
        linewidth=1.2,
        label=f"Pareto front, {name}",
        drawstyle="steps-post",
    )


def confusion(model: "ModelResult", results: "Results", path: Path) -> None:
    """Draw the confusion matrix of a model, with precision, recall and F1 of each class.

    A cell shows its share of the row (images of the true class) and the count.

    Args:
        model: block of the model, with its accuracy.
        results: results that contain the block.
        path: path of the plot, PNG or SVG by its suffix.

    Raises:
        ValueError: the model has no accuracy.
    """
    block = model["accuracy"]
    if block is None:
        raise ValueError(f"{model['name']} has no accuracy")
    labels, counts = model["labels"], np.array(block["confusion"])
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = _figure(4.0 + 0.82 * len(labels), 2.4 + 0.62 * len(labels))
    axes, beside = figure.subplots(1, 2, sharey=True, width_ratios=(len(labels), 2.8))
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(*counts.shape):
        axes.text(
            column,
            row,
            f"{100 * share[row, column]:.0f} %\n{counts[row, column]:,}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if share[row, column] > 0.55 else "0.2",
        )
    ticks = range(len(labels))
    axes.set_xticks(ticks, labels, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, labels)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    _draw_rates(beside, block["classes"])
    low, high = map(percent, block["top1_ci95"])
    _title(
        figure,
        f"{model['name']}: top-1 {percent(block['top1'])} % [{low}, {high}]",
        f"{block['n']:,} images, {results['data']['name']}, split {results['data']['split']}; "
        f"macro-F1 {percent(block['macro_f1'])} %",
        results,
    )
    _save(figure, path)


def _draw_rates(axes: "Axes", classes: Sequence["ClassAccuracy"]) -> None:
    """Write the rates of each class in percent next to its row."""
    heads = ("precision", "recall", "F1", "images")
    for row, one in enumerate(classes):
        rates = [f"{100 * rate:.1f}" for rate in (one["precision"], one["recall"], one["f1"])]
        for x, value in enumerate((*rates, f"{one['support']:,}")):
            axes.text(x, row, value, ha="center", va="center", fontsize=9)
    axes.set_xlim(-0.5, len(heads) - 0.5)
    axes.set_xticks(range(len(heads)), heads, rotation=35, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0, labelleft=False)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("by class (rates in %)")


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _title(figure: "Figure", title: str, subtitle: str, results: "Results") -> None:
    lines = [title, subtitle]
    if results["data"]["synthetic"]:
        lines.append(SYNTHETIC)
    if results["partial"]:
        lines.append("Partial: the run was interrupted")
    figure.suptitle("\n".join(lines), fontsize=11)


def _save(figure: "Figure", path: Path) -> None:
    from matplotlib import rc_context

    kind = path.suffix.removeprefix(".")
    # Fixed ids and no date, so that the same results give the same file.
    metadata = {"Date": None} if kind == "svg" else None
    with replacing(path) as partial, rc_context({"svg.hashsalt": path.name}):
        figure.savefig(partial, format=kind, dpi=DPI, metadata=metadata)
