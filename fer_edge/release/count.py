"""Counts the zoo's files on every core, and writes the counts to their cards.

    python -m fer_edge.release.count

Needs `fer-edge fetch arm`. Files whose counts are there already, by digest, are left as they are.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.counting import kit
from benchmarks.counting.cores import CORES
from benchmarks.counting.count import InstructionCounter
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.release import model_card
from fer_edge.release.command import one_line
from quantization.tflite.card import sha256


def count(model: zoo.ZooModel, counter: InstructionCounter) -> int:
    """Bring the counts of a model's shipped files up to date.

    Returns:
        How many counts are new.
    """
    card, new = model.card, 0
    for path in model.files:
        block = card["files"][path.stem]
        digest = sha256(path)
        if block.get("counted") != digest:
            block["counts"] = []
        known = {one["core"] for one in block.get("counts", ())}
        for core in CORES.values():
            if core.name not in known:
                block.setdefault("counts", []).append(counter.model(path, core))
                new += 1
        block["counted"] = digest
    _write(model.folder, card)
    return new


def _write(folder: Path, card: dict[str, Any]) -> None:
    with replacing(folder / "card.json") as partial:
        partial.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    with replacing(folder / "CARD.md") as partial:
        partial.write_text(model_card.markdown(card), encoding="utf-8")


def main(
    names: Annotated[
        list[str] | None, typer.Argument(help="Models of the zoo.", show_default="all of them")
    ] = None,
) -> None:
    """Count the zoo's files and write the counts to their cards."""
    with one_line("count"):
        counter = InstructionCounter(kit.find())
        for model in [zoo.find(name) for name in names] if names else zoo.list_models():
            typer.echo(f"{model.folder}: {count(model, counter)} new counts")


if __name__ == "__main__":
    typer.run(main)
