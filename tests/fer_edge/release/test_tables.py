"""Figures of the shipped models in README and docs come from their cards."""

import json
from pathlib import Path

import pytest

from device.errors import InputError
from fer_edge.release import tables


@pytest.mark.parametrize(("page", "header"), tables.TABLES)
def test_a_page_shows_what_the_cards_say(page: str, header: str) -> None:
    assert tables.rewritten(page, header) == (tables.ROOT / page).read_text()


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's README alone, in a folder of its own."""
    (tmp_path / "README.md").write_text((tables.ROOT / "README.md").read_text())
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    return tmp_path / "README.md"


def test_a_figure_that_was_changed_by_hand_is_noticed(copy: Path) -> None:
    page, header = next(iter(tables.TABLES))
    right = copy.read_text()
    (first, *_) = [line for line in right.splitlines() if line.startswith("| `zoo:nano`")]
    copy.write_text(right.replace(first, first.replace(" kB", "9 kB")))
    assert tables.rewritten(page, header) == right != copy.read_text()


def test_a_page_without_the_table_is_named(copy: Path) -> None:
    copy.write_text("# fer-edge\n")
    with pytest.raises(InputError, match=r"README\.md has no table that starts with '\| model"):
        tables.rewritten(*next(iter(tables.TABLES)))


def test_the_external_model_is_that_of_the_benchmarks() -> None:
    external = json.loads(tables.EXTERNAL.read_text())
    assert external["name"] == "fer-25.10.3"
    assert external["latency"]["ratio_to_first"] == 1
