"""Figures in the docs come from files in docs/figures that a command wrote."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from fer_edge.evaluation import document, report, robustness
from fer_edge.evaluation.corruptions import CORRUPTIONS
from fer_edge.release.figures import (
    adaptation,
    attention,
    paper,
    priors,
    training_options,
    vote_calibration,
)

DOCS = Path(__file__).parents[2] / "docs"
FIGURES = DOCS / "figures"
MEASURED = re.compile(r"\d\.\d+ %")
"""A measured share, as the tables write it."""


def figures(name: str) -> Any:
    return json.loads((FIGURES / name).read_text())


def evaluation() -> str:
    with (FIGURES / "training-options.csv").open() as options:
        trained = training_options.table(list(csv.DictReader(options)))
    names = ("evaluation-zoo.json", "evaluation-zoo-test.json")
    pages = [report.markdown(document.load(FIGURES / name)) for name in names]
    votes = vote_calibration.table(figures("vote-calibration.json")["entries"])
    return "\n".join([*pages, trained, votes])


def gates() -> str:
    names = ("attention-base.json", "attention.json")
    return "\n".join(attention.table(figures(name)) for name in names)


SOURCES = {
    ("adapt.md", None): lambda: adaptation.table(figures("adapt.json")["entries"]),
    ("attention.md", None): gates,
    ("eval.md", None): evaluation,
    ("explain.md", None): lambda: "",
    ("faces.md", "Class priors"): lambda: priors.table(figures("priors.json")["entries"]),
    ("paper.md", None): lambda: paper.tables(figures("paper.json")),
}
"""What writes the tables of each page, or of a part of it."""


@pytest.mark.parametrize(("page", "part"), SOURCES)
def test_every_measured_row_of_a_table_has_a_source(page: str, part: str | None) -> None:
    text = (DOCS / page).read_text()
    if part:
        text = text.split(f"\n## {part}\n")[1].split("\n## ")[0]
    known = SOURCES[page, part]().splitlines()
    rows = [row for row in text.splitlines() if row.startswith("|") and MEASURED.search(row)]
    assert rows or not known
    assert [row for row in rows if row not in known] == []


def test_the_astronaut_of_the_page_is_the_one_of_the_file() -> None:
    (face,) = figures("explain.json")["faces"]
    assert (
        f"{face['answer']}, {face['probability']:.1%}".replace("%", " %")
        in (DOCS / "explain.md").read_text()
    )


def test_every_file_of_figures_is_linked() -> None:
    pages = "".join(path.read_text() for path in DOCS.glob("*.md"))
    for path in FIGURES.iterdir():
        assert f"(figures/{path.name})" in pages


def test_the_reference_of_the_corruption_errors_is_the_paper_of_the_page() -> None:
    """Errors in the package and figures in the docs are of the same faces and the same net."""
    (split,) = json.loads(robustness.PAPER_ERRORS.read_text())["splits"]
    assert split["data_digest"] == figures("evaluation-zoo.json")["data"]["digest"]
    assert split["top1"] == figures("paper.json")["models"][0]["top1"]
    assert list(split["errors"]) == list(CORRUPTIONS)
    assert all(0 < error < 1 for error in split["errors"].values())
