"""Writes the entry `decision` to the cards of the zoo's files; the model files are unchanged.

    python -m fer_edge.release.decisions --data fer2013.npz

Thresholds are chosen on PublicTest (`val`); priors come from the training images that occur in no
other split.
"""

from pathlib import Path
from typing import Annotated

import typer

from device.errors import InputError
from fer_edge import zoo
from fer_edge.data import dataset, leaks
from fer_edge.evaluation import decision
from fer_edge.release.command import one_line
from quantization.tflite import card


def main(data: Annotated[Path, typer.Option(help="FER2013 prepared with FER+ votes.")]) -> None:
    """Write the decisions of all shipped models."""
    with one_line("decisions"):
        loaded = dataset.load(data, ["train", "val"])
        train, val = loaded.only("train"), loaded.only("val")
        train = train.without(leaks.load_or_find(data).rows_to_drop_from_train)
        for model in zoo.list_models():
            for path in model.files:
                known = card.read(path)
                if known["recipe"].get("adjust"):
                    raise InputError(f"{path}: priors are folded in, so its export wrote its card")
                found = decision.describe(path, str(known["head"]), train, val, 0.0)
                if "reweighting" in known:  # the training's shares are not its prior
                    found["prior"] = known["decision"]["prior"]
                card.add_decision(path, found)
                typer.echo(f"{path.name} of {model.name}: {found}")


if __name__ == "__main__":
    typer.run(main)
