"""`fer-edge pipeline`: from labeled faces to benchmarked `.tflite` files."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.terminal import echo

EXAMPLE = "Example: fer-edge pipeline small --data fer2013.npz --out runs/small"

RecipeName = Annotated[
    str | None,
    typer.Argument(
        help="Name of a recipe, or path of a .toml file.",
        show_default="demo; finetune with --init",
    ),
]
Data = Annotated[
    list[Path] | None,
    typer.Option(
        help="Labeled faces: a .npz from `data prepare`, or any source that it reads. Repeat for "
        "additional training sets; selection and test always use the splits of the first.",
        show_default="synthetic faces",
    ),
]
Share = Annotated[
    list[float] | None,
    typer.Option(
        min=0.01,
        max=0.9,
        help="Fraction of each batch from the additional --data sets, in total or one each.",
        show_default="0.3 each",
    ),
]
Out = Annotated[Path | None, typer.Option(help="Folder of the run.", show_default="runs/RECIPE")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override a value of the recipe: section.key=value.", metavar="K=V"),
]
Teacher = Annotated[
    str | None,
    typer.Option(
        help="Folder of the teacher's run, to share it between recipes; or zoo:teacher.",
        metavar="DIR|zoo:teacher",
        show_default="inside --out",
    ),
]
Init = Annotated[
    str | None,
    typer.Option(
        help="Start from trained weights: zoo:NAME or the folder of a run.", metavar="zoo:NAME|DIR"
    ),
]
Quick = Annotated[
    bool,
    typer.Option(
        "--quick", help="Smoke run in minutes: 2,000 images, few epochs; do not use its results."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def pipeline(
    recipe: RecipeName = None,
    data: Data = None,
    out: Out = None,
    overrides: Set = None,
    teacher: Teacher = None,
    init: Init = None,
    share: Share = None,
    quick: Quick = False,
    target: Annotated[
        str | None,
        typer.Option(
            help="Prune channels by the instructions counted for this core, for example "
            "cortex-a72; short for channels.target=instructions:CORE.",
            metavar="CORE",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train, prune, quantize, convert, verify, benchmark and report.

    The same command resumes an interrupted run.
    """
    if target is not None:
        overrides = [*(overrides or []), f"channels.target=instructions:{target}"]
    job = start(
        recipe, data, out, overrides, teacher, init, share, quick, until=None, quiet=as_json
    )
    report = job / "report" / "report.md"
    if as_json:
        results = json.loads((job / "benchmark" / "results.json").read_text())
        print_json({"out": str(job), "report": str(report), "results": results})
        return
    from rich.console import Console

    from benchmarks.report import show
    from benchmarks.results.file import load

    show(load(job / "benchmark" / "results.json"), Console())
    echo(f"Models: {job / 'export'}")
    echo(f"Report: {report}")


def start(
    recipe: str | None,
    data: list[Path] | None,
    out: Path | None,
    overrides: list[str] | None,
    teacher: str | None,
    init: str | None,
    share: list[float] | None,
    quick: bool,
    *,
    until: str | None,
    quiet: bool,
) -> Path:
    """Run the stages and return the folder; prints one line for each stage."""
    from fer_edge.extras import TRAINING, require

    require("train", TRAINING, f"fer-edge {'train' if until else 'pipeline'}")
    from fer_edge.pipeline import pipeline
    from fer_edge.pipeline.compose import compose
    from fer_edge.training import cluster

    workers = cluster.from_environment()
    job = compose(
        recipe,
        data or [],
        out,
        overrides=overrides or [],
        teacher=teacher,
        init=init,
        shares=share or [],
        quick=quick,
        workers=workers,
    )

    def announce(name: str) -> None:
        if not sys.stderr.isatty():
            echo(f"{name}: started", err=True)

    try:
        for name, seconds in pipeline.run(job, until=until, on_start=announce, workers=workers):
            if not quiet:
                took = "done before" if seconds is None else f"{seconds:.0f} s"
                echo(f"{name:<10} {took}")
    except cluster.WorkerLostError as error:
        echo(f"fer-edge: {workers}: {error}; waiting for all workers to come again", err=True)
        _start_again()
    if not workers.is_chief:
        echo(f"{workers}: its part is done; the chief has the results in {job.out}", err=True)
        raise typer.Exit
    return job.out


def _start_again() -> NoReturn:
    """Replace this process by a new one of the same command.

    TensorFlow's runtime of a lost cluster cannot be used again within a process.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
