"""`fer-edge train`: trains the float net, the first stage of the pipeline."""

from fer_edge.cli.pipeline import (
    AsJson,
    Data,
    Init,
    Out,
    Quick,
    RecipeName,
    Set,
    Share,
    Teacher,
    start,
)
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.terminal import echo

EXAMPLE = "Example: fer-edge train small --data fer2013.npz --out runs/small"


def train(
    recipe: RecipeName = None,
    data: Data = None,
    out: Out = None,
    overrides: Set = None,
    teacher: Teacher = None,
    init: Init = None,
    share: Share = None,
    quick: Quick = False,
    as_json: AsJson = False,
) -> None:
    """Train the float net of a recipe; `pipeline` with the same options continues from there."""
    run = start(
        recipe, data, out, overrides, teacher, init, share, quick, until="train", quiet=as_json
    )
    folder = run / "train"
    from fer_edge.training import history

    rows = history.load(folder / "history.csv")
    if as_json:
        print_json({"out": str(folder), "history": rows, "best": history.best(rows)})
        return
    figures = {k: v for k, v in history.best(rows).items() if k.startswith("val_")}
    for name, value in figures.items():
        echo(f"{name}: {100 * value:.2f} % (epoch {history.best(rows)['epoch']:.0f})")
    echo(f"Weights, history and curves: {folder}")
