"""`fer-edge audio`: trains an int8 speech model for `run --audio-model`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fer_edge.cli.pipeline import AsJson, Set
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from fer_edge.modalities.audio.recordings import Recordings

EXAMPLE = "Example: fer-edge audio emodb.zip --out runs/audio"


def audio(
    data: Annotated[
        Path,
        typer.Argument(
            help="Folder or .zip of .wav files, named as in EmoDB, RAVDESS or CREMA-D, or "
            "CLASS/SPEAKER/NAME.wav or CLASS/SPEAKER_NAME.wav."
        ),
    ],
    recipe: Annotated[
        str, typer.Option(help="Recipe: audio, or the path of a .toml file.", metavar="NAME|FILE")
    ] = "audio",
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/audio"),
    overrides: Set = None,
    as_json: AsJson = False,
) -> None:
    """Train a speech model, quantize it to int8, and evaluate it on held-out speakers.

    Rerunning the same command resumes an interrupted run.
    """
    from fer_edge.extras import TRAINING, require

    require("train", TRAINING, "fer-edge audio")
    from fer_edge.modalities.audio import recipe as recipes
    from fer_edge.modalities.audio import splits

    chosen = recipes.load(recipe, overrides or [])
    recordings = _read(data)
    splits.by_speaker(recordings.speakers, chosen.validation.folds)  # before TensorFlow's 7 s
    from fer_edge.training.load_tensorflow import load_tensorflow

    load_tensorflow()
    from fer_edge.modalities.audio import pipeline

    card = pipeline.run(recordings, chosen, out, lambda line: echo(line, err=True))
    if as_json:
        print_json({"out": str(out), "model": str(out / pipeline.MODEL), "card": card})
        return
    _print(card, out / pipeline.MODEL)


def _read(data: Path) -> "Recordings":
    from fer_edge.modalities.audio import recordings

    def step(done: int, all: int) -> None:
        if done % 500 == 0 or done == all:
            echo(f"{data}: {done:,} of {all:,} recordings", err=True)

    return recordings.read(data, step)


def _print(card: dict[str, Any], model: Path) -> None:
    figures = card["metrics"]["accuracy"]
    low, high = (100 * end for end in figures["top1_ci95"])
    echo(
        f"held-out speakers, {figures['n']:,} recordings: top-1 {100 * figures['top1']:.1f} % "
        f"[{low:.1f}, {high:.1f}], macro-F1 {100 * figures['macro_f1']:.1f}, macro recall "
        f"{100 * figures['macro_recall']:.1f}"
    )
    width = max(len(label) for label in card["labels"])
    echo(" " * width + "  predicted as  " + " ".join(f"{x[:5]:>5}" for x in card["labels"]))
    for label, row in zip(card["labels"], figures["confusion"], strict=True):
        echo(f"{label:<{width}}                " + " ".join(f"{count:5}" for count in row))
    echo(f"{model}: {card['bytes'] / 1000:.0f} kB")
