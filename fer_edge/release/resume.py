"""Resumes the training of a shipped model on a machine that does not have its run.

    python -m fer_edge.release.resume runs/base --recipe base --data fer2013.npz

The recipe must have more epochs than the shipped model was trained for, and a restart after its
last epoch, where the learning rate is 0 and the weights equal the shipped averaged weights. The
optimizer state is lost (the warm-up after a restart rebuilds it), and kernels were shipped as
float16. The card of the new model records this.
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
"""File that `resume` writes to the folder of the training."""


def resume(run: Run, source: Path, *, epochs: int, hours: float) -> None:
    """Write weights to the folder of a training, as a checkpoint of its last completed epoch.

    Args:
        run: run to resume; its stage `train` must not have started.
        source: `.npz` file with the weights.
        epochs: number of epochs for which the weights were trained.
        hours: duration of that training in hours.

    Raises:
        InputError: the training has started, the recipe has no restart at that epoch, or the
            weights belong to another model.
    """
    _check(run.recipe, epochs)
    out = run.folder("train")
    model, job = train.float_training(run, out)
    make_folder(out)
    state = training_state.restore(model, job.phase, out, ema=job.ema)
    if state.manager.latest_checkpoint:
        raise InputError(
            f"{out} already contains a training: resume it with the command that started it"
        )
    weights.load(model, source)
    for shadow, weight in zip(state.ema.shadows, state.ema.weights, strict=True):
        shadow.assign(weight)
    state.done.assign(epochs)
    state.save()
    with replacing(out / NOTE) as partial:
        note = {"epochs": epochs, "weights": sha256(source), "hours": hours}
        partial.write_text(json.dumps(note, indent=1) + "\n")


def _check(chosen: Recipe, epochs: int) -> None:
    if epochs not in chosen.train.restarts:
        raise InputError(
            f"recipe {chosen.name} has no restart after epoch {epochs}, the last one of the model: "
            f"its restarts are {list(chosen.train.restarts)}"
        )


app = typer.Typer(help="Resume the training of a shipped model.")


@app.command()
def main(
    out: Annotated[Path, typer.Argument(help="Folder of the new run.")],
    name: Annotated[str, typer.Option("--recipe", help="Name of the model and of its recipe.")],
    data: Annotated[Path, typer.Option(help="A .npz from `data prepare`.")],
    overrides: Annotated[list[str] | None, typer.Option("--set", metavar="K=V")] = None,
    home: Annotated[Path, typer.Option(help="Folder of the zoo.")] = zoo.HOME,
) -> None:
    """Prepare a run folder that `fer-edge pipeline RECIPE --out FOLDER` then resumes."""
    with one_line("resume"):
        run = Run(recipe.load(name, overrides or []), data, out)
        shipped = zoo.ZooModel(run.recipe.name, home / run.recipe.name)
        card = shipped.card
        behind = card["recipe"]["train"]["epochs"]
        resume(run, shipped.weights, epochs=behind, hours=card["hours"]["train"])


if __name__ == "__main__":
    app()
