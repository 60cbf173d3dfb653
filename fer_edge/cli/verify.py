"""`fer-edge verify`: does a model file answer alike everywhere, and as its parent did?"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from device.errors import CheckFailedError
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.splits import EvaluationSplit

if TYPE_CHECKING:
    import numpy as np

    from quantization.verify.runtimes import Run, Verification

EXAMPLE = (
    "Example: fer-edge verify fer2013_int8.tflite --parent fer2013_float32.tflite "
    "--data fer2013.npz"
)

SYNTHETIC_PER_CLASS = 1000
MAX_CHANGED = 0.02
MAX_DIFFERENCE = 0.2
"""Kernel families round at other places, and images between two classes tip over. On PublicTest the
shipped int8 files have 0.4 to 1.2 % and 0.04 to 0.09 between XNNPACK and the reference kernels; a
kernel that is wrong changes most answers."""


def verify(
    model: Annotated[
        str, typer.Argument(help="Model file (.tflite), or zoo:NAME.", metavar="MODEL")
    ],
    parent: Annotated[
        Path | None, typer.Option(help="Float file (.tflite) that it was made from.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Labeled faces (.npz of `data prepare`); else synthetic ones."),
    ] = None,
    split: Annotated[EvaluationSplit, typer.Option(help="Of --data.")] = EvaluationSplit.val,
    n: Annotated[int, typer.Option("-n", min=1, help="Faces for each way to run it.")] = 1000,
    tflite_runtime: Annotated[
        Path | None,
        typer.Option(
            help="Python of an environment with tflite-runtime, to run it there too.",
            envvar="FER_EDGE_TFLITE_RUNTIME_PYTHON",
        ),
    ] = None,
    max_changed: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of predictions that may differ between runs."),
    ] = MAX_CHANGED,
    max_difference: Annotated[
        float,
        typer.Option(min=0, max=1, help="Of a probability between runs."),
    ] = MAX_DIFFERENCE,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, no table.")] = False,
) -> None:
    """Run a model with all kernels and runtimes, each in a process of its own, and compare.

    Exit code 1 when runs disagree or one crashes, 2 when the file is damaged or no model of ours.
    """
    from fer_edge import zoo
    from quantization.verify import runtimes
    from quantization.verify.agreement import Bound

    path = zoo.resolve(model)
    labels = _labels(path)
    if parent is not None:
        parent = zoo.resolve(parent)
        _labels(parent)
    images, classes = _faces(data, split if data else EvaluationSplit.test, labels)
    found = runtimes.verify(
        path,
        images,
        n=min(n, len(images)),
        parent=parent,
        classes=classes,
        pythons=(tflite_runtime,) if tflite_runtime else (),
        bound=Bound(disagreements=max_changed, difference=max_difference),
    )
    if as_json:
        print_json(_as_json(path, parent, data, split, found))
    else:
        _show(parent, data, split, found)
    problems = [run for run in found.runs if run.problem]
    if problems:
        raise CheckFailedError(f"{path}: {_place(problems[0])}: {problems[0].problem}")


def _labels(model: Path) -> tuple[str, ...]:
    """Read a model's labels; a damaged file is refused before a runtime sees it."""
    from device.model import content as model_content
    from device.model import graph

    content = model_content.read(model)
    labels = model_content.read_labels(content, model)
    graph.parse(content, model)
    return labels


def _faces(
    data: Path | None, split: str, labels: tuple[str, ...]
) -> tuple["np.ndarray", "np.ndarray | None"]:
    """Load faces in random order, with the classes that the model's labels name, if there are."""
    from fer_edge.data import evaluation_faces

    faces = evaluation_faces.load(data, split, per_class=SYNTHETIC_PER_CLASS)
    faces = evaluation_faces.shuffle(faces)
    # What a model makes of generated faces says nothing about its accuracy.
    return faces.images, evaluation_faces.labels_of(faces, labels) if data else None


def _as_json(
    model: Path, parent: Path | None, data: Path | None, split: str, found: "Verification"
) -> dict[str, Any]:
    return {
        "ok": not any(run.problem for run in found.runs),
        "model": str(model),
        "parent": parent and str(parent),
        "data": data and str(data),
        "split": split if data else None,
        **asdict(found),
    }


def _show(parent: Path | None, data: Path | None, split: str, found: "Verification") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from device.system.terminal import verbatim

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("runtime", "kernels", "threads", "faces", "changed", "largest difference", ""):
        table.add_column(title, justify="left" if title in ("runtime", "kernels", "") else "right")
    for run in found.runs:
        table.add_row(*map(verbatim, _cells(run)))
    console = Console(highlight=False)
    console.print(table)
    where = f"{data}, {split}" if data else "synthetic faces"
    for line in (*_notes(found), f"faces: {where}", *_parent(parent, found)):
        console.print(verbatim(line), soft_wrap=True)


def _cells(run: "Run") -> list[str]:
    kernels = "XNNPACK" if run.delegated else {"xnnpack": "built-in"}.get(run.resolver)
    found = run.difference
    return [
        run.runtime,
        kernels or run.resolver,
        str(run.threads),
        f"{found.n:,}" if found else "-",
        f"{found.disagreements:,}" if found else "-",
        f"{found.max_difference:.4f}" if found else "-",
        "ok" if run.problem is None else run.problem,
    ]


def _place(run: "Run") -> str:
    threads = "1 thread" if run.threads == 1 else f"{run.threads} threads"
    return f"{run.runtime}, {run.resolver}, {threads}"


def _notes(found: "Verification") -> list[str]:
    notes = []
    if not any("tflite-runtime" in run.runtime for run in found.runs):
        notes.append(
            "tflite-runtime: not checked; give --tflite-runtime the python of an environment that "
            "has it"
        )
    notes.append("card: is this file's" if found.has_card else "card: none beside the file")
    return notes


def _parent(parent: Path | None, found: "Verification") -> list[str]:
    if found.parent is None:
        return ["parent: not compared; give --parent the float file"]
    lines = [
        f"parent {parent}: {found.parent.disagreements:,} of {found.parent.n:,} predictions "
        f"differ, largest difference of a probability {found.parent.max_difference:.4f}"
    ]
    if found.test is None or found.accuracy is None:
        return [*lines, "McNemar's test: not made, these faces have no labels of this model"]
    test, (theirs, ours) = found.test, found.accuracy
    return [
        *lines,
        f"accuracy on {found.labeled:,} labeled faces: parent {theirs:.2%}, model {ours:.2%}; "
        f"the parent alone is right on {test.only_first:,}, the model alone on "
        f"{test.only_second:,}; McNemar's test: p = {test.p_mid:.3g} (mid-p; exact "
        f"{test.p_exact:.3g})",
    ]
