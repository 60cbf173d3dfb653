"""`fer-edge pipeline`: the whole way from faces to measured `.tflite` files."""

import json
from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "Example: fer-edge pipeline small --data fer2013.npz --out runs/small"

RecipeName = Annotated[str, typer.Argument(help="Name of a recipe, or the path of a .toml file.")]
Data = Annotated[
    Path | None,
    typer.Option(help="Faces (.npz of `data prepare`); without it the embedded synthetic ones."),
]
Out = Annotated[Path | None, typer.Option(help="The run's folder.", show_default="runs/RECIPE")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Another value for the recipe: section.key=value.", metavar="K=V"),
]
Teacher = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the teacher's run, for recipes that share one.",
        show_default="inside --out",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def pipeline(
    recipe: RecipeName = "demo",
    data: Data = None,
    out: Out = None,
    overrides: Set = None,
    teacher: Teacher = None,
    as_json: AsJson = False,
) -> None:
    """Train, prune, quantize, convert, verify, benchmark and report.

    An interrupted run goes on with the same command; what is done stays.
    """
    job = start(recipe, data, out, overrides, teacher, until=None, quiet=as_json)
    report = job / "report" / "report.md"
    if as_json:
        results = json.loads((job / "benchmark" / "results.json").read_text())
        typer.echo(json.dumps({"out": str(job), "report": str(report), "results": results}))
        return
    from rich.console import Console

    from benchmarks.report import show
    from benchmarks.results import load

    show(load(job / "benchmark" / "results.json"), Console())
    typer.echo(f"Models: {job / 'export'}")
    typer.echo(f"Report: {report}")


def start(
    recipe: str,
    data: Path | None,
    out: Path | None,
    overrides: list[str] | None,
    teacher: Path | None,
    *,
    until: str | None,
    quiet: bool,
) -> Path:
    """Run the stages, with a line for each, and give the run's folder."""
    from fer_edge import pipeline, synthetic_data
    from fer_edge import recipe as recipes

    chosen = recipes.load(recipe, overrides or [])
    folder = out or Path("runs") / chosen.name
    faces = data or synthetic_data.faces(chosen, folder)
    job = pipeline.Run(chosen, faces, folder, teacher)
    for name, seconds in pipeline.run(job, until=until):
        if not quiet:
            took = "done before" if seconds is None else f"{seconds:.0f} s"
            typer.echo(f"{name:<10} {took}")
    return folder
