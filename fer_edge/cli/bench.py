"""`fer-edge bench`: accuracy, size and latency of model files, here or on other machines."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from device.errors import ExitCode, InputError
from device.labels import FERPLUS
from fer_edge.cli.shared import remote
from fer_edge.cli.shared.json_output import echo_json
from fer_edge.cli.shared.options import DetectorName
from fer_edge.cli.shared.splits import EvaluationSplit
from fer_edge.cli.shared.terminal import echo

EXAMPLE = "Example: fer-edge bench runs/small/export/*.tflite --data fer2013.npz"

MORE = "What else is measured"


def bench(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Model files (.tflite) or zoo:NAME; the first is compared with.",
            metavar="[MODEL]…",
            show_default="zoo:base",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Labeled faces (.npz of `data prepare`); else the synthetic ones."),
    ] = None,
    split: Annotated[
        EvaluationSplit | None,
        typer.Option(
            help="Of --data; test (PrivateTest) is for finished models, once.",
            show_default="val; test of the synthetic faces",
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            min=1, help="Images of the split, picked at random.", show_default="all of them"
        ),
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="Rounds in which all models take turns.")
    ] = 100,
    threads: Annotated[
        str | None,
        typer.Option(
            help="Threads of the interpreter: N, or several as 1,2,4; the first is compared.",
            show_default="1; 1,2,4 with --full",
        ),
    ] = None,
    peer: Annotated[
        list[Path] | None,
        typer.Option(help="How a model that is not fer-edge's is fed (TOML); may be repeated."),
    ] = None,
    peer_init: Annotated[
        Path | None,
        typer.Option(
            "--peer-init",
            metavar="MODEL",
            help="Write NAME.toml, a first description for --peer, and measure nothing.",
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Threads 1,2,4, XNNPACK off, operators and peak.", rich_help_panel=MORE
        ),
    ] = False,
    xnnpack_off: Annotated[
        bool,
        typer.Option("--xnnpack-off", help="Time without XNNPACK, too.", rich_help_panel=MORE),
    ] = False,
    backend: Annotated[
        list[str] | None,
        typer.Option(
            help="Time in tflite-runtime, tensorflow or onnxruntime, too; may be repeated.",
            rich_help_panel=MORE,
        ),
    ] = None,
    cold: Annotated[
        int,
        typer.Option(min=0, help="Cold starts in so many fresh processes.", rich_help_panel=MORE),
    ] = 7,
    profile: Annotated[
        bool, typer.Option("--profile", help="Time each operator.", rich_help_panel=MORE)
    ] = False,
    peak: Annotated[
        bool,
        typer.Option("--peak", help="Time a large matrix product.", rich_help_panel=MORE),
    ] = False,
    count: Annotated[
        str | None,
        typer.Option(
            help="Count instructions on these Arm cores, under emulation: cortex-a53,cortex-a72,"
            "cortex-a76; needs `fer-edge fetch arm`.",
            rich_help_panel=MORE,
        ),
    ] = None,
    timing: Annotated[
        bool,
        typer.Option(
            help="Classify and time; --no-timing leaves --count, which needs no quiet machine.",
            rich_help_panel=MORE,
        ),
    ] = True,
    video: Annotated[
        Path | None,
        typer.Option(
            help="Time whole camera frames on this video of a face, with the first model.",
            rich_help_panel=MORE,
        ),
    ] = None,
    detector: Annotated[
        DetectorName, typer.Option(help="Of --video.", rich_help_panel=MORE)
    ] = DetectorName.haar,
    every: Annotated[
        int,
        typer.Option(
            min=1,
            help="Detect in every n-th frame, where --count counts those of --video.",
            rich_help_panel=MORE,
        ),
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for results.json, report.md and plots.", show_default="runs/bench-TIME"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a result in --out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print results.json, no table.")] = False,
    on: remote.OnOption = None,
    remote_python: remote.RemotePythonOption = "python3",
) -> None:
    """Measure model files: accuracy, size, cold start, and latency with the models interleaved."""
    if peer_init:
        _begin_description(peer_init, force=force)
        return
    from fer_edge import zoo

    models = [zoo.resolve(file) for file in files or [f"{zoo.PREFIX}{zoo.DEFAULT}"]]
    folder = out or Path("runs") / f"bench-{datetime.now():%Y%m%d-%H%M%S}"

    from rich.console import Console

    import benchmarks
    from benchmarks import report
    from fer_edge.data import evaluation_faces
    from fer_edge.data.output import refuse_existing

    config = benchmarks.BenchmarkConfig(
        rounds=rounds,
        threads=_threads(threads or ("1,2,4" if full else "1")),
        timed=timing,
        builtin=full or xnnpack_off,
        backends=backend or (),
        peers=peer or (),
        cold=cold if timing else 0,
        profile=full or profile,
        peak=full or peak,
        count=_cores(count, on, timing),
        video=video,
        detector=str(detector),
        every=every,
    )
    if not on:
        refuse_existing(folder / "results.json", force=force)
    # PrivateTest is read once, by the evaluation of finished models: never unless asked for.
    split = split or (EvaluationSplit.val if data else EvaluationSplit.test)
    faces = evaluation_faces.sample(evaluation_faces.load(data, split), sample)
    leaked = evaluation_faces.leaked(data, faces, split) if data else None
    labels = evaluation_faces.labels_by_head(faces)
    names = {"fer2013": faces.label_names, "ferplus": FERPLUS}
    about = {
        "name": faces.provenance["name"],
        "digest": faces.digest,
        "synthetic": faces.synthetic,
        "split": str(split),
    }
    if on:
        from benchmarks.remote import Job

        job = Job(models, faces.images, labels, leaked, about, config, names)
        remote.measure(on, job, python=remote_python, out=folder, force=force, as_json=as_json)
        return
    results = benchmarks.run(
        models,
        faces.images,
        labels,
        leaked=leaked,
        data=about,
        out=folder,
        config=config,
        label_names=names,
    )
    written = report.write(results, folder)
    if as_json:
        echo_json(results)
    else:
        report.show(results, Console())
        echo(f"Report: {written}")
    if results["partial"]:
        raise typer.Exit(ExitCode.INTERRUPTED)


def _begin_description(model: Path, *, force: bool) -> None:
    """Write a first description of an external model beside it."""
    from benchmarks.models import external_draft
    from device.system.atomic_file import replacing
    from fer_edge.data.output import refuse_existing

    file = model.with_suffix(".toml")
    text = external_draft.draft(model)
    refuse_existing(file, force=force)
    with replacing(file) as partial:
        partial.write_text(text, encoding="utf-8")
    echo(f"{file}: check the {text.count('CHECK') - 1} lines marked CHECK, then measure with")
    echo(f"fer-edge bench {model} --peer {file}")


def _cores(text: str | None, hosts: list[str] | None, timing: bool) -> list[str]:
    """Read the names of cores to count for."""
    from benchmarks.counting import cores

    if text is None:
        if not timing:
            raise InputError("--no-timing leaves nothing to do: name cores with --count")
        return []
    if hosts:
        raise InputError("--count emulates cores on this machine: leave out --on")
    return [core.name for core in cores.parse(text)]


def _threads(text: str) -> list[int]:
    """Read numbers of threads, as 1 or 1,2,4."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise InputError(f"--threads {text}: give a number from 1, or several as 1,2,4")
    return [int(part) for part in parts]
