"""Goes on training a shipped net on another machine, where the run that made it is gone.

    python -m fer_edge.release.resume runs/base --recipe base --data fer2013.npz

The recipe has more epochs than the shipped net has behind it, and a restart where that one ended:
there the learning rate is 0, and the averaged weights, which are what ships, are the net. What is
lost is the optimizer's memory, which the warm-up after a restart makes anew, and half the digits of
the kernels. The card of what comes out says that it was made so.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from device.errors import InputError
from device.system.atomic_file import make_folder, replacing
from fer_edge import recipe, zoo
from fer_edge.pipeline import train
from fer_edge.pipeline.run import Run
from fer_edge.recipe import Recipe
from fer_edge.release.command import one_line
from fer_edge.training import state as training_state
from fer_edge.training import weights
from quantization.tflite.card import sha256

NOTE = "resumed.json"
"""What `resume` leaves in the folder of the training."""


def resume(run: Run, source: Path, *, epochs: int, hours: float) -> None:
    """Put a net's weights into the folder of a training as those of its last whole epoch.

    Args:
        run: that is to go on; its stage `train` has not begun.
        source: `.npz` of the weights.
        epochs: that they have behind them, of the recipe's `[train]`.
        hours: that these took.

    Raises:
        InputError: the training has begun, the recipe has no restart there, or another net.
    """
    _check(run.recipe, epochs)
    out = run.folder("train")
    model, job = train.float_training(run, out)
    make_folder(out)
    state = training_state.restore(model, job.phase, out, ema=job.ema)
    if state.manager.latest_checkpoint:
        raise InputError(f"{out} holds a training already: it goes on by itself")
    weights.load(model, source)
    for shadow, weight in zip(state.ema.shadows, state.ema.weights, strict=True):
        shadow.assign(weight)
    state.done.assign(epochs)
    state.manager.save()
    with replacing(out / NOTE) as partial:
        note = {"epochs": epochs, "weights": sha256(source), "hours": hours}
        partial.write_text(json.dumps(note, indent=1) + "\n")


def _check(chosen: Recipe, epochs: int) -> None:
    if epochs not in chosen.train.restarts:
        raise InputError(
            f"recipe {chosen.name} has no restart after epoch {epochs}, where the net stands: its "
            f"restarts are {list(chosen.train.restarts)}"
        )


app = typer.Typer(help="Go on training a shipped net.")


@app.command()
def main(
    out: Annotated[Path, typer.Argument(help="Folder of the new run.")],
    name: Annotated[str, typer.Option("--recipe", help="Name of the net and of its recipe.")],
    data: Annotated[Path, typer.Option(help="A .npz of `data prepare`.")],
    overrides: Annotated[list[str] | None, typer.Option("--set", metavar="K=V")] = None,
    home: Annotated[Path, typer.Option(help="Where the zoo stands.")] = zoo.HOME,
) -> None:
    """Prepare a run's folder; `fer-edge pipeline RECIPE --out FOLDER` then goes on."""
    with one_line("resume"):
        run = Run(recipe.load(name, overrides or []), data, out)
        shipped = zoo.ZooModel(run.recipe.name, home / run.recipe.name)
        card = shipped.card
        behind = card["recipe"]["train"]["epochs"]
        resume(run, shipped.weights, epochs=behind, hours=card["hours"]["train"])


if __name__ == "__main__":
    app()
