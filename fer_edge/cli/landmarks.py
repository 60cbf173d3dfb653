"""`fer-edge landmarks`: from drawn faces to an int8 `.tflite` for `run --landmarks`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from device.errors import InputError
from fer_edge.cli.pipeline import AsJson, Set
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.terminal import echo

EXAMPLE = "Example: fer-edge landmarks --real faces.npz --out runs/landmarks"


def landmarks(
    recipe: Annotated[
        str,
        typer.Option(help="Recipe: landmarks, or the path of a .toml file.", metavar="NAME|FILE"),
    ] = "landmarks",
    real: Annotated[
        Path | None,
        typer.Option(
            help="Real faces (.npz of data prepare): train is learned from by the five points that "
            "YuNet finds in them, val is compared with.",
            metavar="FILE",
            show_default="drawn faces alone",
        ),
    ] = None,
    detector_model: Annotated[
        Path | None,
        typer.Option(help="YuNet model file for --real, instead of the downloaded one."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The run's folder.")] = Path("runs/landmarks"),
    overrides: Set = None,
    as_json: AsJson = False,
) -> None:
    """Train a net for landmarks on drawn faces, quantize it to int8, and measure the file.

    The same command continues a run that was interrupted.
    """
    from fer_edge.extras import TRAINING, require

    require("train", TRAINING, "fer-edge landmarks")
    from fer_edge.modalities.landmarks import recipe as recipes

    chosen = recipes.load(recipe, overrides or [])
    if real is None and detector_model is not None:
        raise InputError("--detector-model needs --real: name the faces that it is for")
    from fer_edge.training.load_tensorflow import load_tensorflow

    load_tensorflow()
    from fer_edge.modalities.landmarks import pipeline

    card = pipeline.run(
        chosen, out, lambda line: echo(line, err=True), data=real, detector=detector_model
    )
    if as_json:
        print_json({"out": str(out), "model": str(out / pipeline.MODEL), "card": card})
        return
    _print(card, out / pipeline.MODEL)


def _print(card: dict[str, Any], model: Path) -> None:
    drawn = card["metrics"]["drawn"]
    echo(f"drawn faces of other persons ({drawn['n']:,}): {_figures(drawn)}")
    for band, figures in drawn["by_yaw"].items():
        if figures["n"]:
            echo(f"  yaw {band:>5} degrees: {_figures(figures)}")
    if "real_val" in card["metrics"]:
        compared = card["metrics"]["real_val"]
        echo(
            f"real faces of val ({compared['n']:,}): {compared['error']:.1f} % of the distance of "
            f"the eyes from YuNet's five points (the mean face: "
            f"{compared['mean_face']['error']:.1f} %)"
        )
    echo(f"{model}: {card['bytes'] / 1000:.0f} kB")


def _figures(figures: dict[str, Any]) -> str:
    text = f"normalized mean error {figures['nme']:.2f} %"
    if "pose_error" in figures:
        pose = figures["pose_error"]
        text += f", pose off by {pose['yaw']:.1f}, {pose['pitch']:.1f}, {pose['roll']:.1f} degrees"
    return text
