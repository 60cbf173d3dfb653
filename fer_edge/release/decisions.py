"""Writes the entry `decision` into the cards of the zoo's files; the files stay as they are.

    python -m fer_edge.release.decisions --data fer2013.npz

The thresholds come from PublicTest (`val`), the priors from the images of the training split that
stand in no other one.
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


def main(data: Annotated[Path, typer.Option(help="FER2013 with FER+ votes, as prepared.")]) -> None:
    """Write the decisions of every model that ships."""
    with one_line("decisions"):
        loaded = dataset.load(data, ["train", "val"])
        train, val = loaded.only("train"), loaded.only("val")
        train = train.without(leaks.load_or_find(data).rows_to_drop_from_train)
        for model in zoo.list_models():
            for path in model.files:
                head = str(card.read(path)["head"])
                if card.read(path)["recipe"].get("adjust"):
                    raise InputError(f"{path} has its priors folded in: its export wrote its card")
                found = decision.describe(path, head, train, val, 0.0)
                card.add_decision(path, found)
                typer.echo(f"{path.name} of {model.name}: {found}")


if __name__ == "__main__":
    typer.run(main)
