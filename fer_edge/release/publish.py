"""Creates a zoo folder from a finished run and from measurements of its files.

    python -m fer_edge.release.publish model runs/base-pruned --recipe lean --init zoo:base \
        --test runs/bench-test --val runs/bench-val

Every figure of a card comes from a `results.json`. Latency ratios are relative to the first model
of the measurement on the test split.
"""

import json
import shutil
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from pydantic import TypeAdapter

from benchmarks.results import file as results_file
from device.errors import InputError
from device.model.card import card_path
from device.model.graph import load as load_graph
from device.system import sha256sums
from device.system.atomic_file import make_folder, replacing
from device.system.sha256sums import sha256
from fer_edge import zoo
from fer_edge.models import Net
from fer_edge.pipeline import initial_weights
from fer_edge.release import model_card, resume
from fer_edge.release.command import one_line
from fer_edge.release.training_command import training_command
from fer_edge.training import history

FILES = ("fer2013_int8", "ferplus_int8", "fer2013_float32")
"""Published files; the float32 file of the other head differs only in its last layer."""

BALANCED = "balanced_int8"
"""File of some models with more equal recalls of the classes: `fer-edge export --blend`."""

MEASURED = (*FILES, "ferplus_float32")

MACHINE = (
    *("cpu", "architecture", "instruction_sets", "microarchitecture", "core_class"),
    *("cores", "os"),
)
"""Keys of the machine information on a card, for the machine that measured the latencies."""


@dataclass(frozen=True)
class Source:
    """The inputs of a card.

    Attributes:
        run: folder of the finished run.
        test: `results.json` on the test split, with a reference as its first model.
        val: `results.json` on the val split.
        recipe: recipe of the run before its `--set`; None if it is the recipe of the model's name.
        init: the run's `--init`; None if there was none.
    """

    run: Path
    test: Mapping[str, Any]
    val: Mapping[str, Any]
    recipe: str | None = None
    init: str | None = None


def publish(source: Source, home: Path) -> Path:
    """Write `home/NAME`: model files with their cards, weights, `card.json` and `CARD.md`.

    Raises:
        InputError: the run is not finished, or the measurements are of different files.
    """
    card = _card(source)
    folder = home / card["name"]
    make_folder(folder)
    for stem in (stem for stem, file in card["files"].items() if file["shipped"]):
        path = source.run / "export" / f"{stem}.tflite"
        for file in (path, card_path(path)):
            with replacing(folder / file.name) as partial:
                shutil.copyfile(file, partial)
    save_weights(initial_weights.float_weights(source.run), folder / "float.npz")
    with replacing(folder / "card.json") as partial:
        partial.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    with replacing(folder / "CARD.md") as partial:
        partial.write_text(model_card.markdown(card), encoding="utf-8")
    return folder


def publish_teacher(run: Path, home: Path) -> Path:
    """Write `home/teacher`: the weights and a `card.json` with their provenance.

    Raises:
        InputError: the training is not finished.
    """
    folder, train = home / "teacher", run / "train"
    stage = _json(train / "stage.json")
    if not stage["done"]:
        raise InputError(f"{run} is not fully trained: resume with fer-edge train --out {run}")
    made_from = stage["settings"]
    best = history.best(history.load(train / "history.csv"))
    card = {
        "name": "teacher",
        "recipe": {key: made_from[key] for key in ("seed", "model", "augment", "train")},
        "data": made_from["data"],
        "hours": _hours(run),
        "resumed": _resumed(run),
        "val": {k: v for k, v in best.items() if k.startswith("val_top1_")},
    }
    make_folder(folder)
    save_weights(train / "weights.npz", folder / "float.npz")
    with replacing(folder / "card.json") as partial:
        partial.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return folder


def write_digests(home: Path) -> Path:
    """Write the digests of all models and weights below `home` to `home/SHA256SUMS`."""
    path = home / sha256sums.NAME
    sha256sums.write(path, [*home.glob("*/*.tflite"), *home.glob("*/*.npz")])
    return path


def _card(source: Source) -> dict[str, Any]:
    first = _json(card_path(source.run / "export" / "fer2013_int8.tflite"))
    balanced = (source.run / "export" / f"{BALANCED}.tflite").is_file()
    stems = (*MEASURED, BALANCED) if balanced else MEASURED
    files = {stem: _file(source, stem) for stem in stems}
    recipe = first["recipe"]
    return {
        "name": first["name"],
        "description": recipe["description"],
        "labels": {files[stem]["head"]: files[stem]["labels"] for stem in FILES},
        "files": files,
        "reference": source.test["models"][0]["name"],
        "machine": {k: source.test["machine"][k] for k in MACHINE},
        "runtime": source.test["models"][-1]["runtime"],
        "measured": source.test["created"],
        "recipe": recipe,
        "command": training_command(source.run, recipe, source.recipe, source.init),
        "net": _net(recipe["model"], source.run),
        "data": first["data"],
        "license_of_data": licenses(first["data"]),
        "seed": recipe["seed"],
        "hours": _hours(source.run),
        "resumed": _resumed(source.run),
        "created_by": first["created_by"],
    }


def _net(section: dict[str, Any], run: Path) -> dict[str, Any]:
    """Return the recipe section of the shipped float model, which may be channel-pruned."""
    net: Net = TypeAdapter(Net).validate_python(section)
    return initial_weights.narrowed(net, run).model_dump(mode="json")


def licenses(data: dict[str, Any]) -> dict[str, str]:
    """Return the license of the images of each training set of a model."""
    own = {data["name"]: data.get("license", "not stated")}
    further = data.get("sources", {})
    return own | {name: source["license"] for name, source in further.items()}


def _file(source: Source, stem: str) -> dict[str, Any]:
    path = source.run / "export" / f"{stem}.tflite"
    digest = sha256(path)
    graph, card = load_graph(path), _json(card_path(path))
    test, val = (_block(measured, digest, path) for measured in (source.test, source.val))
    return {
        "head": test["head"],
        "labels": test["labels"],
        "precision": card["precision"],
        "shipped": stem in (*FILES, BALANCED),
        **({"reweighting": card["reweighting"]} if "reweighting" in card else {}),
        "sha256": digest,
        "size": test["size"]
        | {
            "parameters": graph.parameters,
            "multiply_adds": graph.multiply_adds,
        },
        "test": {"all": test["accuracy"], "leak_free": test["accuracy_leak_free"]},
        "val": val["accuracy"],
        "counts": test["counts"],
        "latency": {
            key: test["latency"][key]
            for key in ("p50_us", "p90_us", "p99_us", "ratio_to_first", "ratio_to_first_ci95")
        },
    }


def _block(measured: Mapping[str, Any], digest: str, path: Path) -> dict[str, Any]:
    for block in measured["models"]:
        if block["sha256"] == digest and block["accuracy"] and block["latency"]:
            found: dict[str, Any] = block
            return found
    raise InputError(f"{path} is not among the measured files: measure it with fer-edge bench")


def _hours(run: Path) -> dict[str, float]:
    """Return the duration of each training of the run in hours, from the histories."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for path in run.rglob("history.csv"):
        stage = path.relative_to(run).parts[0]
        seconds[stage] += sum(row["seconds"] for row in history.load(path))
    resumed = _resumed(run)
    if resumed:
        seconds["train"] += resumed["hours"] * 3600
    return {stage: round(seconds[stage] / 3600, 2) for stage in sorted(seconds)}


def _resumed(run: Path) -> dict[str, Any] | None:
    """Return the provenance of a training that resumed another run's weights, or None."""
    path = run / "train" / resume.NOTE
    return _json(path) if path.exists() else None


def save_weights(source: Path, target: Path) -> None:
    """Write compact weights: kernels as float16, biases and BatchNorm as float32."""
    with np.load(source) as arrays:
        values = [arrays[f"arr_{i}"] for i in range(len(arrays.files))]
    small = [v.astype(np.float16) if v.ndim > 1 else v for v in values]
    with replacing(target) as partial, partial.open("wb") as handle:
        np.savez_compressed(handle, *small)


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: finish the run first") from error
    return found


app = typer.Typer(help="Create zoo folders.")


@app.command()
def teacher(
    run: Annotated[Path, typer.Argument(help="Folder of the teacher's run.")],
    home: Annotated[Path, typer.Option(help="Folder of the zoo.")] = zoo.HOME,
) -> None:
    """Write the teacher's folder."""
    with one_line("publish"):
        typer.echo(publish_teacher(run, home))
        typer.echo(write_digests(home))


@app.command()
def model(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    test: Annotated[Path, typer.Option(help="Folder of `fer-edge bench --split test`.")],
    val: Annotated[Path, typer.Option(help="Folder of `fer-edge bench --split val`.")],
    recipe: Annotated[
        str | None,
        typer.Option(help="Recipe of the run.", show_default="the one of the model's name"),
    ] = None,
    init: Annotated[str | None, typer.Option(help="The run's --init.")] = None,
    home: Annotated[Path, typer.Option(help="Folder of the zoo.")] = zoo.HOME,
) -> None:
    """Write the zoo folder of a finished run, which is named by the run's recipe."""
    with one_line("publish"):
        on_test, on_val = (results_file.load(folder / "results.json") for folder in (test, val))
        typer.echo(publish(Source(run, on_test, on_val, recipe, init), home))
        typer.echo(write_digests(home))


@app.command()
def digests(
    home: Annotated[Path, typer.Option(help="Where the zoo stands.")] = zoo.HOME,
) -> None:
    """Write the digests of the zoo's files, for use after a manual change."""
    with one_line("publish"):
        typer.echo(write_digests(home))


if __name__ == "__main__":
    app()
