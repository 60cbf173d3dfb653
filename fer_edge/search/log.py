"""The trials of a search as rows of docs/search.csv, and the recipes of the best nets."""

import csv
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from benchmarks.counting.cores import CORES
from device.system.atomic_file import replacing
from fer_edge.recipe import Recipe, Train, toml
from fer_edge.search import study as studies
from fer_edge.search.budget import MULTIPLY_ADDS, PARAMETERS
from fer_edge.search.space import describe

COLUMNS = (
    "date", "net", "parameters", "multiply_adds", "epochs", "side", "teacher", "share",
    "public_fer2013", "public_ferplus", "press_val", "precision", "note",
)  # fmt: skip
"""The columns of docs/search.csv."""


def save(study: optuna.Study, path: Path, *, side: str) -> None:
    """Write a row for every trained and every rejected net.

    The file is rewritten from the study, so an interruption neither loses nor duplicates rows.

    Args:
        study: study of the search.
        path: CSV file to write.
        side: side of the images, in the format of docs/search.csv.
    """
    finished = [t for t in study.get_trials(deepcopy=False) if "costs" in t.user_attrs]
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for trial in finished:
            if trial.state.is_finished() and trial.state != TrialState.FAIL:
                writer.writerow(row(trial, side=side))


def row(trial: FrozenTrial, *, side: str) -> dict[str, str]:
    """Describe a trial by the columns of docs/search.csv."""
    costs = trial.user_attrs["costs"]
    finished = trial.datetime_complete or datetime.now()
    accuracy = _best(trial.user_attrs.get("history", []))
    return {
        "date": f"{finished:%Y-%m-%d}",
        "net": describe(studies.net_of(trial)),
        "parameters": f"{costs[PARAMETERS] / 1e6:.3f}M",
        "multiply_adds": f"{costs[MULTIPLY_ADDS] / 1e6:.1f}M",
        "epochs": str(studies.epochs_of(trial)),
        "side": side,
        "teacher": "none",
        "share": "0",
        "public_fer2013": accuracy("val_top1_fer2013"),
        "public_ferplus": accuracy("val_top1_ferplus"),
        "press_val": "",
        "precision": "float",
        "note": _note(trial),
    }


def _best(rows: Sequence[dict[str, float]]) -> Any:
    def figure(name: str) -> str:
        values = [each[name] for each in rows if name in each]
        return f"{100 * max(values):.2f}" if values else ""

    return figure


def _note(trial: FrozenTrial) -> str:
    """Counted costs, and the reason if a net was not trained to the end."""
    costs = trial.user_attrs["costs"]
    parts = [f"{core} {costs[core] / 1e6:.2f}M" for core in costs if core in CORES]
    if studies.REJECTED in trial.user_attrs:
        parts.append(f"not trained: {trial.user_attrs[studies.REJECTED]}")
    elif trial.state == TrialState.PRUNED:
        parts.append(f"fell behind after epoch {studies.epochs_of(trial)}")
    return "; ".join([f"trial {trial.number}", *parts])


def sides(section: Train, epochs: int) -> str:
    """Describe the sides of the training images, such as "36x3 then 48"."""
    small = studies.shortened(section, epochs).small_epochs
    return f"{section.small_side}x{small} then 48" if small else "48"


def line(trial: FrozenTrial, metric: str) -> str:
    """Describe a trial in one line."""
    costs = trial.user_attrs.get("costs")
    if costs is None:
        return f"trial {trial.number}: failed"
    shown = metric if metric in costs else MULTIPLY_ADDS  # not counted if far over budget
    cost = f"{costs[shown] / 1e6:.3g} M {shown}"
    net = describe(studies.net_of(trial))
    if studies.REJECTED in trial.user_attrs:
        return f"trial {trial.number}: {net}: {cost}, {trial.user_attrs[studies.REJECTED]}"
    behind = ", fell behind" if trial.state == TrialState.PRUNED else ""
    epochs = studies.epochs_of(trial)
    return (
        f"trial {trial.number}: {net}: {cost}, {100 * studies.accuracy_of(trial):.2f} % after "
        f"{epochs} epochs{behind}"
    )


def front(study: optuna.Study, metric: str) -> list[dict[str, Any]]:
    """Describe the nets of the Pareto front, cheapest first."""
    return [
        {
            "trial": trial.number,
            "net": describe(studies.net_of(trial)),
            "costs": trial.user_attrs["costs"],
            "accuracy": studies.accuracy_of(trial),
        }
        for trial in studies.front(study, metric)
    ]


def save_recipe(recipe: Recipe, trial: FrozenTrial, path: Path) -> None:
    """Write the recipe with a trial's net, for `fer-edge pipeline PATH`."""
    found = recipe.model_copy(
        update={
            "name": path.stem,
            "description": f"found by fer-edge search: {describe(studies.net_of(trial))}",
            "model": studies.net_of(trial),
        }
    )
    with replacing(path) as partial:
        partial.write_text(toml.dumps(found), encoding="utf-8")
