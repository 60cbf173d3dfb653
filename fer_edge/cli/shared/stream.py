"""From options to a running loop: what `run` and `serve` do alike."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from device.errors import CheckFailedError, ExitCode, FerEdgeError, InputError
from fer_edge.cli.shared.options import DetectorName

if TYPE_CHECKING:
    from device.runner import Summary
    from device.sinks import Sink
    from device.sources import Source
    from device.tracking.analyzer import FaceAnalyzer


def make_faces(
    model: str | None,
    *,
    detector: DetectorName,
    detector_model: Path | None,
    every: int,
    roi: str | None,
    largest: bool,
    margin: float | None,
    smoothing: float,
    threshold: float,
    threads: int,
) -> "FaceAnalyzer":
    """Load model and detector and put them together, as the options say."""
    import cv2

    from device.faces.detector import open_detector
    from device.model import card
    from device.model.classifier import Classifier
    from device.tracking.analyzer import FaceAnalyzer
    from device.tracking.region import WHOLE, Region
    from fer_edge import zoo

    path = zoo.resolve(model)
    cv2.setNumThreads(threads)
    return FaceAnalyzer(
        Classifier(path, threads=threads),
        open_detector(detector.value, model=detector_model),
        every=every,
        roi=WHOLE if roi is None else Region.parse(roi),
        largest=largest,
        margin=card.margin(path) if margin is None else margin,
        smoothing=smoothing,
        threshold=threshold,
    )


def analyze(
    source: "Source",
    faces: "FaceAnalyzer",
    sinks: "Sequence[Callable[[], Sink]]",
    *,
    frames: int | None = None,
) -> None:
    """Run the loop until the source's end or a signal, close all, and report on stderr.

    Args:
        source: not read from yet.
        faces: finds, classifies and follows the faces.
        sinks: functions that open a sink each; called in here, so that all get closed.
        frames: ends after so many.

    Raises:
        CheckFailedError: results were lost, or pictures of a file could not be read.
        InputError: the source or a sink cannot be opened.
        KeyboardInterrupt: Ctrl-C ended it; all is closed.
    """
    from device.runner import run as run_loop
    from device.runner import stopping_on_signals
    from device.sinks.systemd_notify import SystemdSink
    from device.system import log

    log.start()
    error: FerEdgeError | KeyboardInterrupt | None = None
    try:
        with stopping_on_signals() as stop, ExitStack() as stack:
            opened = [stack.enter_context(open_sink()) for open_sink in [*sinks, SystemdSink]]
            stack.enter_context(source)
            summary = run_loop(source, faces, opened, stop=stop, frames=frames)
        logging.getLogger("device").info("%s: %s", source.name, summary)
        error = _failure(summary, source)
        if error is None and stop.signal == signal.SIGINT:
            error = KeyboardInterrupt()
    except (FerEdgeError, KeyboardInterrupt) as raised:
        error = raised
    if source.hung:
        _end_at_once(error)
    if error is not None:
        raise error


def _failure(summary: "Summary", source: "Source") -> CheckFailedError | None:
    lost = [f"results not written to {name}: {count}" for name, count in summary.lost.items()]
    if summary.skipped and not source.live:
        lost.append(f"pictures of {source.name} that could not be read: {summary.skipped}")
    return CheckFailedError("; ".join(lost)) if lost else None


def _end_at_once(error: FerEdgeError | KeyboardInterrupt | None) -> NoReturn:
    """End the process beside a thread that hangs in a driver, with the exit code of the error."""
    code = getattr(error, "exit_code", ExitCode.OK)
    if isinstance(error, KeyboardInterrupt):
        code = ExitCode.INTERRUPTED
    if error is not None:
        typer.echo(f"fer-edge: {str(error) or 'interrupted'}", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def file_sinks(
    jsonl: Path | None,
    csv: Path | None,
    video: Path | None,
    *,
    labels: tuple[str, ...],
    fps: Callable[[], float],
    default_stdout: bool,
) -> "list[Callable[[], Sink]]":
    """Give functions that open the files that were asked for.

    Args:
        jsonl: JSON Lines; "-" for standard output.
        csv: one row a face.
        video: annotated.
        labels: the model's.
        fps: of the video; called when it begins.
        default_stdout: whether JSON Lines go to standard output when no file was asked for.

    Raises:
        InputError: two of them are one file.
    """
    from device.sinks.csv import CsvSink
    from device.sinks.jsonl import JsonLinesSink
    from device.sinks.video import VideoSink

    asked = [path.resolve() for path in (jsonl, csv, video) if path is not None]
    if len(set(asked)) < len(asked):
        raise InputError("two of --jsonl, --csv and --video are one file: give each its own")
    sinks: list[Callable[[], Sink]] = []
    if jsonl is not None:
        sinks.append(lambda: JsonLinesSink(None if str(jsonl) == "-" else jsonl))
    elif default_stdout and not asked:
        sinks.append(lambda: JsonLinesSink(None))
    if csv is not None:
        sinks.append(lambda: CsvSink(csv, labels))
    if video is not None:
        sinks.append(lambda: VideoSink(video, fps=fps))
    return sinks
