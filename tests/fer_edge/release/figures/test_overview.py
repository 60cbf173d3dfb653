"""The figure of README shows the rows of docs/results.md."""

from pathlib import Path

import pytest

from fer_edge import zoo
from fer_edge.release.figures import overview


def test_it_shows_every_int8_file_with_fer2013_labels_and_the_external_model() -> None:
    rows = {row.name: row for row in overview.rows(overview.TABLE.read_text())}
    assert set(rows) == {"fer 25.10.3", *(f"zoo:{model.name}" for model in zoo.list_models())}
    assert [name for name, row in rows.items() if row.external] == ["fer 25.10.3"]
    base = rows["zoo:base"]
    assert (base.top1, base.interval, base.kilobytes, base.p50) == (70.99, (69.5, 72.5), 702.4, 392)
    assert all(row.interval[0] < row.top1 < row.interval[1] for row in rows.values())


def test_readme_shows_the_figure_and_the_same_figures() -> None:
    readme = (overview.ROOT / "README.md").read_text()
    assert f"({overview.FIGURE.relative_to(overview.ROOT)})" in readme
    for row in overview.rows(overview.TABLE.read_text()):
        assert f"{row.top1:.2f} % [{row.interval[0]}, {row.interval[1]}]" in readme


def test_it_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    overview.draw(overview.rows(overview.TABLE.read_text()), tmp_path / "overview.png")
    assert (tmp_path / "overview.png").stat().st_size > 20_000
