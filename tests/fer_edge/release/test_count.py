"""Counts of a single file go into its card, and are kept while the file stays the same."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.counting.cores import CORES
from device.errors import InputError
from fer_edge import zoo
from fer_edge.release.count import count_file


class Counter:
    """Counts nothing, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def model(self, path: Path, core: SimpleNamespace) -> dict:
        self.asked += 1
        return {"core": core.name, "instructions": self.asked}


def test_counts_are_made_once_for_each_content(tmp_path: Path) -> None:
    model, counter = tmp_path / "text_int8.tflite", Counter()
    shutil.copy(zoo.HOME / "text" / "text_int8.tflite", model)
    card = tmp_path / "text_int8.card.json"
    card.write_text('{"name": "text"}')
    assert count_file(model, counter) == len(CORES)  # type: ignore[arg-type]
    assert count_file(model, counter) == 0  # type: ignore[arg-type]
    model.write_bytes(model.read_bytes() + b"\0")
    assert count_file(model, counter) == len(CORES)  # type: ignore[arg-type]
    written = json.loads(card.read_text())
    assert written["name"] == "text" and len(written["counts"]) == len(CORES)


def test_the_shipped_text_model_has_the_counts_of_its_file() -> None:
    counter = Counter()
    folder = zoo.HOME / "text"
    before = (folder / "text_int8.card.json").read_text()
    assert count_file(folder / "text_int8.tflite", counter) == 0  # type: ignore[arg-type]
    assert (folder / "text_int8.card.json").read_text() == before


def test_a_file_without_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.tflite has no card"):
        count_file(tmp_path / "x.tflite", Counter())  # type: ignore[arg-type]
