"""`fer-edge eval`: robustness, calibration, slices and explanations of finished models."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from device.errors import InputError
from device.system.atomic_file import make_folder
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.options import MAP_HELP, MODEL_VARIABLE
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from fer_edge.data.dataset import Dataset
    from fer_edge.evaluation.evaluate import Model
    from fer_edge.evaluation.types import Data, Evaluation

EXAMPLE = "Example: fer-edge eval zoo:nano zoo:base --data fer2013.npz --out runs/eval"


def evaluate(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            help="Model files (.tflite) or zoo:NAME.",
            metavar="[MODEL]…",
            show_default=f"{MODEL_VARIABLE}, else zoo:base",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Labeled faces: a .npz from `data prepare`, or folder:PATH; synthetic if omitted.",
        ),
    ] = None,
    label_map: Annotated[
        str | None,
        typer.Option("--map", help=MAP_HELP, show_default="folders: one folder per class"),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="With --map: skip images without a face.")
    ] = False,
    peer: Annotated[
        list[Path] | None,
        typer.Option(help="TOML description of an external model among MODEL; may be repeated."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Split of --data; use test (PrivateTest) only once, for finished models.",
            show_default="val; the whole folder; test for synthetic faces",
        ),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            help="Suites to run: robustness, calibration, slices, explain; separate with commas.",
            show_default="all",
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            help="Model that corruption errors are relative to: one of MODEL, or paper.",
            show_default="paper if its errors on these faces are known, else the first of several",
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="Number of faces, drawn at random.", show_default="all"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="RNG seed of the corruptions.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for evaluation.json, .md and .html.")] = Path(
        "runs/eval"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print evaluation.json.")] = False,
) -> None:
    """Evaluate models beyond top-1: robustness to corruptions, calibration, slices, explanations.

    The same command resumes an interrupted evaluation; finished models are not run again.
    """
    from fer_edge.data import evaluation_faces
    from fer_edge.evaluation import document, report
    from fer_edge.evaluation import evaluate as evaluation

    names = list(dict.fromkeys(models or [os.environ.get(MODEL_VARIABLE) or "zoo:base"]))
    chosen = _models(names, peer or [])
    suites = _suites(suite)
    source = _folder(data, label_map)
    if source is not None:
        whole, split = _mapped(source, label_map, split, skip_bad=skip_bad), split or "all"
    else:
        split = split or ("val" if data else "test")
        whole = evaluation_faces.load(data, split)
    faces = evaluation_faces.sample(whole, sample)
    base = _reference(
        reference, [model.name for model in chosen], evaluation.describe(faces, split, seed)
    )
    leaked = evaluation_faces.leaked(data, faces, split) if data and not source else None
    path = out / "evaluation.json"
    with _folder_for(out), _progress(evaluation.steps(chosen, suites), quiet=as_json) as step:
        known = document.load(path) if path.exists() else None
        found = evaluation.evaluate(
            chosen,
            faces,
            split,
            suites=suites,
            reference=base,
            leaked=leaked,
            seed=seed,
            known=known,
            save=lambda done: document.save(done, path),
            step=step or (lambda _: None),
            draw=lambda model, maps: report.draw_maps(model, maps, out),
        )
    document.save(found, path)
    written = report.write(found, out, faces)
    if as_json:
        print_json(asdict(found))
    else:
        _show(found, written)


@contextmanager
def _folder_for(out: Path) -> Iterator[None]:
    """Make the output folder now, to fail before the work; remove it if it stays empty."""
    is_new = not out.exists()
    make_folder(out)
    try:
        yield
    finally:
        if is_new:
            with suppress(OSError):
                out.rmdir()


def _models(names: list[str], peers: list[Path]) -> "list[Model]":
    from benchmarks.models import external_file
    from fer_edge import zoo
    from fer_edge.evaluation.evaluate import Model

    paths = [zoo.resolve(name) for name in names]
    specs = external_file.assign(paths, peers)
    return [
        Model(specs[path].name if path in specs else name, path, specs.get(path))
        for name, path in zip(names, paths, strict=True)
    ]


def _folder(data: Path | None, label_map: str | None) -> Path | None:
    """The folder or archive to read by a map; None if `--data` is a prepared file or omitted."""
    if data is None or data.suffix == ".npz":
        if label_map:
            raise InputError("--map describes a folder: give --data folder:PATH")
        return None
    if str(data).startswith("folder:"):
        return Path(str(data).removeprefix("folder:"))
    return data if label_map or data.is_dir() else None


def _mapped(source: Path, label_map: str | None, split: str | None, *, skip_bad: bool) -> "Dataset":
    from fer_edge.data import label_map as maps
    from fer_edge.data.dataset import SPLITS
    from fer_edge.data.prepare import notes, prepare

    if split is not None and split not in SPLITS:
        raise InputError(f"--split {split}: give one of {', '.join(SPLITS)}")
    found = prepare(source, label_map=maps.load(label_map or "folders"), skip_bad=skip_bad)
    for note in notes(found):
        echo(note, err=True)
    if split is None:
        return found
    if not len(part := found.only(split)):
        raise InputError(f"{source} has no images in split {split}: give another --split")
    return part


def _suites(text: str | None) -> tuple[str, ...]:
    from fer_edge.evaluation.evaluate import SUITES

    if text is None:
        return SUITES
    wanted = tuple(part.strip() for part in text.split(","))
    unknown = [part for part in wanted if part not in SUITES]
    if unknown:
        raise InputError(f"--suite {text}: {unknown[0]!r} is not one of {', '.join(SUITES)}")
    return wanted


def _reference(reference: str | None, names: list[str], data: "Data") -> str | None:
    from fer_edge.evaluation.robustness import PAPER, paper_errors

    known = paper_errors(data) is not None
    if reference == PAPER and not known:
        raise InputError(f"--reference {PAPER}: needs a whole split of FER2013 and --seed 0")
    if reference not in (None, PAPER, *names):
        raise InputError(f"--reference {reference}: also give it as one of the models")
    return reference or (PAPER if known else names[0] if len(names) > 1 else None)


def _progress(total: int, *, quiet: bool) -> AbstractContextManager[Callable[[str], None] | None]:
    """A progress bar on a terminal; one line per model elsewhere; nothing with --json."""
    if quiet:
        return nullcontext()
    from fer_edge.cli.shared.progress import steps

    return steps(total)


def _show(found: "Evaluation", written: list[Path]) -> None:
    from rich.console import Console
    from rich.table import Table

    from device.system.terminal import verbatim
    from fer_edge.evaluation.report import corruption_rows, label_rows, summary

    console = Console()
    for header, rows in (summary(found), label_rows(found.models), corruption_rows(found.models)):
        if not rows:
            continue
        table = Table(*map(verbatim, header), box=None)
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows:
            table.add_row(*map(verbatim, row))
        console.print(table)
        console.print()
    for path in written:
        echo(path)
