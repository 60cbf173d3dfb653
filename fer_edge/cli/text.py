"""`fer-edge text`: trains an int8 text model for `run --text-model`."""

from pathlib import Path
from typing import Annotated

import typer

from fer_edge.cli.pipeline import AsJson, Set
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.terminal import echo

EXAMPLE = "Example: fer-edge text goemotions.zip --out runs/text"


def text(
    data: Annotated[
        Path,
        typer.Argument(
            help="Labeled texts: .tsv, .csv or .jsonl files with text and label, in a folder, an "
            "archive or one file; or GoEmotions."
        ),
    ],
    recipe: Annotated[
        str, typer.Option(help="Recipe: text, or the path of a .toml file.", metavar="NAME|FILE")
    ] = "text",
    map_name: Annotated[
        str | None,
        typer.Option(
            "--map",
            help="Map of the columns and labels: goemotions, or a .toml file (docs/text.md).",
            show_default="columns text and label",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/text"),
    overrides: Set = None,
    as_json: AsJson = False,
) -> None:
    """Train a text model, quantize it to int8, and evaluate the file.

    Rerunning the same command resumes an interrupted run.
    """
    from fer_edge.extras import TRAINING, require

    require("train", TRAINING, "fer-edge text")
    from fer_edge.modalities.text import read
    from fer_edge.modalities.text import recipe as recipes

    chosen = recipes.load(recipe, overrides or [])
    texts = read.read(data, map_name)
    from fer_edge.training.load_tensorflow import load_tensorflow

    load_tensorflow()
    from fer_edge.modalities.text import pipeline

    card = pipeline.run(texts, chosen, out, lambda line: echo(line, err=True))
    if as_json:
        print_json({"out": str(out), "model": str(out / pipeline.MODEL), "card": card})
        return
    figures, folded = card["metrics"]["accuracy"], card["decision"]["prior_exponent"]
    low, high = (100 * end for end in figures["top1_ci95"])
    echo(
        f"test, {figures['n']:,} texts with one label: top-1 {100 * figures['top1']:.1f} % "
        f"[{low:.1f}, {high:.1f}], macro-F1 {100 * figures['macro_f1']:.1f}"
    )
    for each in figures["classes"]:
        echo(f"  {each['label']:<10} F1 {100 * each['f1']:5.1f}   {each['support']:,} texts")
    echo(f"{out / pipeline.MODEL}: {card['bytes'] / 1000:.0f} kB, prior exponent {folded:g}")
