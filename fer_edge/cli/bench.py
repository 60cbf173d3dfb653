"""`fer-edge bench`: accuracy, size and latency of model files, here or on other machines."""

import os
from pathlib import Path
from typing import Annotated

import typer

from device.errors import ExitCode, InputError
from fer_edge.cli.shared import remote
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.options import MODEL_VARIABLE, DetectorName
from fer_edge.cli.shared.splits import EvaluationSplit
from fer_edge.cli.shared.terminal import echo

EXAMPLE = "Example: fer-edge bench runs/small/export/*.tflite --data fer2013.npz"

MORE = "Further measurements"


def bench(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Model files (.tflite) or zoo:NAME; latency ratios are relative to the first.",
            metavar="[MODEL]…",
            show_default=f"{MODEL_VARIABLE}, else zoo:base",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Labeled faces: a .npz from `data prepare`; synthetic faces if omitted."),
    ] = None,
    split: Annotated[
        EvaluationSplit | None,
        typer.Option(
            help="Split of --data; use test (PrivateTest) only once, for finished models.",
            show_default="val; test for synthetic faces",
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            min=1, help="Number of images, drawn at random from the split.", show_default="all"
        ),
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="Number of rounds; each times every model, in random order.")
    ] = 100,
    threads: Annotated[
        str | None,
        typer.Option(
            help="Interpreter threads: a number, or several as in 1,2,4, the main one first.",
            show_default="1; 1,2,4 with --full",
        ),
    ] = None,
    peer: Annotated[
        list[Path] | None,
        typer.Option(help="TOML description of an external model; may be repeated."),
    ] = None,
    peer_init: Annotated[
        Path | None,
        typer.Option(
            "--peer-init",
            metavar="MODEL",
            help="Write NAME.toml, a draft description of this model for --peer, and exit.",
        ),
    ] = None,
    prior: Annotated[
        str,
        typer.Option(
            help="Class prior that accuracy is for, in place of that of training: uniform, none, "
            "or a JSON file of label to share.",
            metavar="uniform|none|FILE",
        ),
    ] = "none",
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Measure with 1, 2 and 4 threads, without XNNPACK, and with --profile and --peak.",
            rich_help_panel=MORE,
        ),
    ] = False,
    xnnpack_off: Annotated[
        bool,
        typer.Option("--xnnpack-off", help="Also time without XNNPACK.", rich_help_panel=MORE),
    ] = False,
    backend: Annotated[
        list[str] | None,
        typer.Option(
            help="Also time in tflite-runtime, tensorflow or onnxruntime; may be repeated.",
            rich_help_panel=MORE,
        ),
    ] = None,
    cold: Annotated[
        int,
        typer.Option(
            min=0,
            help="Number of cold starts, each in a new process; 0: none.",
            rich_help_panel=MORE,
        ),
    ] = 7,
    profile: Annotated[
        bool, typer.Option("--profile", help="Time each operator.", rich_help_panel=MORE)
    ] = False,
    peak: Annotated[
        bool,
        typer.Option(
            "--peak",
            help="Time a large matrix product to estimate the peak throughput of the machine.",
            rich_help_panel=MORE,
        ),
    ] = False,
    count: Annotated[
        str | None,
        typer.Option(
            help="Count instructions on emulated Arm cores: cortex-a53, cortex-a72 or cortex-a76; "
            "separate several with commas. Needs `fer-edge fetch arm`.",
            rich_help_panel=MORE,
        ),
    ] = None,
    timing: Annotated[
        bool,
        typer.Option(
            help="Measure accuracy and latency; --no-timing runs only --count, which does not "
            "depend on the load of the machine.",
            rich_help_panel=MORE,
        ),
    ] = True,
    video: Annotated[
        Path | None,
        typer.Option(
            help="Time whole camera frames with the first model, on this video of a face.",
            rich_help_panel=MORE,
        ),
    ] = None,
    detector: Annotated[
        DetectorName, typer.Option(help="Face detector for --video.", rich_help_panel=MORE)
    ] = DetectorName.haar,
    every: Annotated[
        int,
        typer.Option(
            min=1,
            help="With --count and --video: run face detection on every n-th frame.",
            rich_help_panel=MORE,
        ),
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for results.json, report and plots.", show_default="runs/bench-TIME"
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace existing results in --out.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON instead of a table.")
    ] = False,
    on: remote.OnOption = None,
    remote_python: remote.RemotePythonOption = "python3",
) -> None:
    """Measure accuracy, size, cold start and latency of model files, in interleaved rounds."""
    if peer_init:
        _begin_description(peer_init, force=force)
        return
    import benchmarks
    from fer_edge import zoo
    from fer_edge.api import measure

    if prior != "none" and on:
        raise InputError("--prior reads the cards of models on this machine: omit --on")
    folder = measure.new_folder(out, force=force or bool(on))
    hosts = remote.check_hosts(on or (), remote_python, folder, force=force)
    job = measure.compose(
        files or [os.environ.get(MODEL_VARIABLE) or f"{zoo.PREFIX}{zoo.DEFAULT}"],
        data,
        split,
        sample,
        benchmarks.BenchmarkConfig(
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
            prior=prior,
        ),
    )
    if hosts:
        remote.measure(hosts, job, python=remote_python, out=folder, as_json=as_json)
        return
    results, written = measure.run(job, folder)
    if as_json:
        print_json(results)
    else:
        from rich.console import Console

        from benchmarks import report

        report.show(results, Console())
        echo(f"Report: {written}")
    if results["partial"]:
        raise typer.Exit(ExitCode.INTERRUPTED)


def _begin_description(model: Path, *, force: bool) -> None:
    """Write a draft description of an external model next to its file."""
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
    """Parse the cores for which instructions are counted."""
    from benchmarks.counting import cores

    if text is None:
        if not timing:
            raise InputError("--no-timing leaves nothing to measure: name cores with --count")
        return []
    if hosts:
        raise InputError("--count emulates cores on this machine: omit --on")
    return [core.name for core in cores.parse(text)]


def _threads(text: str) -> list[int]:
    """Parse thread counts, for example 1 or 1,2,4."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise InputError(f"--threads {text}: give a number of at least 1, or several as in 1,2,4")
    return [int(part) for part in parts]
