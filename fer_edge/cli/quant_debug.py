"""`fer-edge quant-debug`: ranks layers by quantization error."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.splits import AnySplit
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    import numpy as np

    from quantization.verify.sqnr import Layer, Report

EXAMPLE = (
    "Example: fer-edge quant-debug fer2013_float32.tflite fer2013_int8.tflite --data fer2013.npz "
    "--plot layers.png"
)


def quant_debug(
    parent: Annotated[Path, typer.Argument(help="Float32 file (.tflite).", metavar="FLOAT")],
    model: Annotated[Path, typer.Argument(help="Integer file of the same model.", metavar="INT8")],
    data: Annotated[
        Path | None, typer.Option(help="Faces: a .npz from `data prepare`; synthetic if omitted.")
    ] = None,
    split: Annotated[AnySplit, typer.Option(help="Split of --data.")] = AnySplit.val,
    n: Annotated[int, typer.Option("-n", min=1, help="Number of images.")] = 200,
    plot: Annotated[
        Path | None, typer.Option(help="Plot the layers to this PNG file (needs matplotlib).")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing --plot file.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Rank layers by signal-to-quantization-noise ratio; also show saturation and weight errors."""
    from fer_edge import zoo
    from fer_edge.data.output import refuse_existing
    from quantization.verify import sqnr, sqnr_plot

    parent, model = zoo.resolve(parent), zoo.resolve(model)
    if plot is not None:
        sqnr_plot.require()
        refuse_existing(plot, force=force, option="--plot")
    report = sqnr.compare(parent, model, _images(data, split, n))
    if as_json:
        print_json(_as_json(parent, model, report))
    else:
        _show(model, report)
    if plot is not None:
        sqnr_plot.draw(report, plot, title=model.name)
        if not as_json:
            echo(f"Plot: {plot}")


def _images(data: Path | None, split: str, n: int) -> "np.ndarray":
    from fer_edge.data import evaluation_faces

    faces = evaluation_faces.load(data, split if data else "test")
    return evaluation_faces.shuffle(faces).images[:n]


def _as_json(parent: Path, model: Path, report: "Report") -> dict[str, Any]:
    return {
        "parent": str(parent),
        "model": str(model),
        "images": report.images,
        "layers": [asdict(layer) for layer in report.ranked],
        "unmatched": report.unmatched,
    }


def _show(model: Path, report: "Report") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from device.system.terminal import verbatim

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("layer", "#", "operator", "output"):
        table.add_column(title, justify="right" if title == "#" else "left", overflow="fold")
    for title in ("SQNR dB", "lost dB", "saturated", "weights dB"):
        table.add_column(title, justify="right")
    for layer in report.ranked:
        table.add_row(*map(verbatim, _cells(layer)))
    console = Console(highlight=False)
    console.print(table)
    console.print(f"[bold]{verbatim(model)}[/]: {report.images:,} images", soft_wrap=True)
    if report.unmatched:
        names = ", ".join(report.unmatched)
        console.print(verbatim(f"not in the float file: {names}"), soft_wrap=True)


def _cells(layer: "Layer") -> list[str]:
    return [
        layer.name,
        str(layer.index),
        layer.operator,
        "x".join(map(str, layer.shape)),
        f"{layer.sqnr_db:.1f}",
        "" if layer.loss_db is None else f"{layer.loss_db:.1f}",
        f"{layer.saturated:.2%}",
        "" if layer.weight_sqnr_db is None else f"{layer.weight_sqnr_db:.1f}",
    ]
