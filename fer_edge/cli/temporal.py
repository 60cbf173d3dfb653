"""`fer-edge temporal`: trains an int8 temporal head for `run --temporal`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fer_edge.cli.pipeline import AsJson, Set
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.options import ModelOption
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from device.model.classifier import Classifier
    from fer_edge.modalities.temporal.recipe import TemporalRecipe
    from fer_edge.modalities.temporal.sequences import TemporalData

EXAMPLE = "Example: fer-edge temporal fer2013.npz --out runs/temporal"


def temporal(
    data: Annotated[
        Path,
        typer.Argument(
            help="Labeled faces (.npz of fer-edge data prepare), from which sequences are "
            "simulated, or a folder of clips CLASS/NAME.mp4."
        ),
    ],
    model: ModelOption = None,
    recipe: Annotated[
        str,
        typer.Option(help="Recipe: temporal, or the path of a .toml file.", metavar="NAME|FILE"),
    ] = "temporal",
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/temporal"),
    overrides: Set = None,
    as_json: AsJson = False,
) -> None:
    """Train a temporal head over a model's answers and compare it with smoothing.

    Rerunning the same command resumes an interrupted run.
    """
    from fer_edge.extras import TRAINING, require

    require("train", TRAINING, "fer-edge temporal")
    from device.model.classifier import Classifier
    from fer_edge import zoo
    from fer_edge.modalities.temporal import recipe as recipes

    chosen = recipes.load(recipe, overrides or [])
    classifier = Classifier(zoo.resolve(model))
    tracks = _read(data, chosen, classifier)
    from fer_edge.training.load_tensorflow import load_tensorflow

    load_tensorflow()
    from fer_edge.modalities.temporal import pipeline

    card = pipeline.run(tracks, classifier, chosen, out, lambda line: echo(line, err=True))
    if as_json:
        print_json({"out": str(out), "model": str(out / pipeline.MODEL), "card": card})
        return
    _print(card, out / pipeline.MODEL)


def _read(data: Path, recipe: "TemporalRecipe", classifier: "Classifier") -> "TemporalData":
    if not data.is_dir():
        from fer_edge.modalities.temporal import stills

        return stills.read(data, recipe, classifier)
    from device.faces.detector import open_detector
    from device.model import card
    from device.tracking.analyzer import FaceAnalyzer
    from fer_edge.modalities.temporal import clips

    analyzer = FaceAnalyzer(
        classifier,
        open_detector("auto"),
        largest=True,
        margin=card.margin(classifier.path),
        smoothing=0.0,
    )
    return clips.read(data, analyzer, seed=recipe.seed)


def _print(card: dict[str, Any], model: Path) -> None:
    metrics = card["metrics"]
    constants = metrics["time_constants"]
    echo(
        f"test, {metrics['sequences']:,} sequences with {metrics['true_changes']:.1f} true changes "
        "of expression a minute"
    )
    echo(f"{'':<20}{'frames right':>24}{'changes/min':>14}{'delay ms':>10}{'reached':>10}")
    for name, measured in metrics["methods"].items():
        title = f"smoothing {constants[name]:g} s" if name in constants else name
        accuracy, delay = measured["accuracy"], measured["delay_ms"]
        low, high = (100 * end for end in accuracy["top1_ci95"])
        late = f"{delay['mean']:10.0f}{100 * measured['reached']:8.0f} %" if delay else ""
        echo(
            f"{title:<20}{100 * accuracy['top1']:9.1f} % [{low:.1f}, {high:.1f}]"
            f"{measured['flicker']['mean']:14.1f}{late}"
        )
    gain = metrics["head_minus"]["smoothing"]["top1"]
    low, high = (100 * end for end in gain["ci95"])
    echo(f"head minus smoothing: {100 * gain['mean']:+.1f} points [{low:+.1f}, {high:+.1f}]")
    echo(f"{model}: {card['bytes'] / 1000:.0f} kB")
