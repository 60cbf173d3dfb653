"""Counts the instructions of the zoo's files on every core and writes them to the cards.

    python -m fer_edge.release.count
    python -m fer_edge.release.count fer_edge/zoo/text/text_int8.tflite

Requires `fer-edge fetch arm`. Files that already have counts (by digest) are skipped.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.counting import kit
from benchmarks.counting.cores import CORES
from benchmarks.counting.count import InstructionCounter
from device.errors import InputError
from device.model.card import card_path
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.release import model_card
from fer_edge.release.command import one_line
from quantization.tflite.card import sha256


def count(model: zoo.ZooModel, counter: InstructionCounter) -> int:
    """Update the counts of a model's shipped files.

    Returns:
        The number of new counts.
    """
    card = model.card
    new = sum(_update(card["files"][path.stem], path, counter) for path in model.files)
    _write(model.folder, card)
    return new


def count_file(path: Path, counter: InstructionCounter) -> int:
    """Update the counts in the card beside a file, such as a text model.

    Returns:
        The number of new counts.

    Raises:
        InputError: the file has no card.
    """
    place = card_path(path)
    if not place.is_file():
        raise InputError(f"{path} has no card {place.name}: counts are written to it")
    card = json.loads(place.read_text(encoding="utf-8"))
    new = _update(card, path, counter)
    with replacing(place) as partial:
        partial.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return new


def _update(block: dict[str, Any], path: Path, counter: InstructionCounter) -> int:
    """Add the missing counts of a file to its part of a card."""
    digest = sha256(path)
    if block.get("counted") != digest:
        block["counts"] = []
    known = {one["core"] for one in block.get("counts", ())}
    missing = [core for core in CORES.values() if core.name not in known]
    block.setdefault("counts", []).extend(counter.model(path, core) for core in missing)
    block["counted"] = digest
    return len(missing)


def _write(folder: Path, card: dict[str, Any]) -> None:
    with replacing(folder / "card.json") as partial:
        partial.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    with replacing(folder / "CARD.md") as partial:
        partial.write_text(model_card.markdown(card), encoding="utf-8")


def main(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Models of the zoo, or .tflite files with a card.", show_default="the zoo's"
        ),
    ] = None,
) -> None:
    """Count instructions of the zoo's files and write the counts to their cards."""
    with one_line("count"):
        counter = InstructionCounter(kit.find())
        for name in names or [model.name for model in zoo.list_models()]:
            new = (
                count_file(Path(name), counter)
                if name.endswith(".tflite")
                else count(zoo.find(name), counter)
            )
            typer.echo(f"{name}: {new} new counts")


if __name__ == "__main__":
    typer.run(main)
