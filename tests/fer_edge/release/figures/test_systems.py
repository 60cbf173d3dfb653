"""docs/systems.md is what the checked-in figures give."""

from pathlib import Path

import pytest

from device.errors import InputError
from fer_edge.release.figures import systems


def test_the_page_is_up_to_date() -> None:
    """After a change of figures: python -m fer_edge.release.figures.systems."""
    assert systems.PAGE.read_text() == systems.page(systems.load())


def test_every_row_links_to_a_page_that_exists() -> None:
    for row in systems.load():
        assert (systems.PAGE.parent / row.page).is_file(), row.system


def test_a_place_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text("{}")
    row = systems.System(
        system="x", ours="y", page="z.md", figures="figures.json", accuracy="a.b", bytes="c"
    )
    with pytest.raises(InputError, match=r"has no entry a\.b"):
        systems.page([row], tmp_path)


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "systems.toml"
    path.write_text('[[system]]\nsystem = "x"\nours = "y"\npage = "z"\nfigure = "w"\n')
    with pytest.raises(InputError, match="did you mean figures"):
        systems.load(path)


def test_a_system_that_gives_no_expression_has_size_and_counts_alone(tmp_path: Path) -> None:
    counted = '{"size": 199000, "counts": [{"core": "cortex-a72", "instructions": 2060000}]}'
    (tmp_path / "card.json").write_text(counted)
    row = systems.System(
        system="x", ours="y", page="z.md", data="drawn", figures="card.json", bytes="size",
        counts="counts",
    )  # fmt: skip
    cells = systems.page([row], tmp_path).splitlines()
    assert "| x | - | y ([z.md](z.md)) | drawn | - | - | - | 2.06 | - | 199 |" in cells
