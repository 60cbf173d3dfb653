"""From options to a running loop, shared by `run` and `serve`."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from device.errors import CheckFailedError, ExitCode, FerEdgeError, InputError
from fer_edge.cli.shared.options import FaceOptions
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from device.runner import Summary
    from device.sinks import Sink
    from device.sources import Source
    from device.tracking.analyzer import FaceAnalyzer

OUTPUT = "Output"


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """Files that results are written to."""

    jsonl: Annotated[
        Path | None,
        typer.Option(
            help="Append JSON Lines to this file; - is stdout.",
            allow_dash=True,
            rich_help_panel=OUTPUT,
        ),
    ] = None
    csv: Annotated[
        Path | None,
        typer.Option(help="Append one row per face to this file.", rich_help_panel=OUTPUT),
    ] = None
    video: Annotated[
        Path | None,
        typer.Option(
            "--video",
            "--out",
            help="Write a video with the results drawn in (.avi, .mp4).",
            rich_help_panel=OUTPUT,
        ),
    ] = None

    def sinks(
        self, labels: tuple[str, ...], *, fps: Callable[[], float]
    ) -> "list[Callable[[], Sink]]":
        """Give functions that open the files that were asked for.

        Args:
            labels: the model's labels.
            fps: gives the frames per second of the video when it begins; 0 where unknown.

        Raises:
            InputError: two of them are one file.
        """
        from device.sinks.csv import CsvSink
        from device.sinks.jsonl import JsonLinesSink
        from device.sinks.video import VideoSink

        jsonl, csv, video = self.jsonl, self.csv, self.video
        asked = [path.resolve() for path in (jsonl, csv, video) if path is not None]
        if len(set(asked)) < len(asked):
            raise InputError("two of --jsonl, --csv and --video are one file: give each its own")
        sinks: list[Callable[[], Sink]] = []
        if jsonl is not None:
            sinks.append(lambda: JsonLinesSink(None if str(jsonl) == "-" else jsonl))
        if csv is not None:
            sinks.append(lambda: CsvSink(csv, labels))
        if video is not None:
            sinks.append(lambda: VideoSink(video, fps=fps))
        return sinks


def make_faces(model: str | None, options: FaceOptions, *, threads: int) -> "FaceAnalyzer":
    """Load model and detector and put them together as the options say."""
    import cv2

    from device.faces.detector import open_detector
    from device.model import card, prior
    from device.model.classifier import Classifier
    from device.tracking.analyzer import FaceAnalyzer
    from device.tracking.region import WHOLE, Region
    from fer_edge import zoo

    path = zoo.resolve(model)
    cv2.setNumThreads(threads)
    weights = prior.weights(options.prior, options.prior_exponent, path)
    return FaceAnalyzer(
        Classifier(path, threads=threads, weights=weights),
        open_detector(options.detector.value, model=options.detector_model),
        every=options.every,
        roi=WHOLE if options.roi is None else Region.parse(options.roi),
        largest=options.largest,
        margin=card.margin(path) if options.margin is None else options.margin,
        smoothing=options.smoothing,
        threshold=card.threshold(path) if options.threshold is None else options.threshold,
    )


def stdout_sink() -> "Sink":
    """Open the default output: a table on a terminal, else JSON Lines."""
    from device.sinks.jsonl import JsonLinesSink

    if sys.stdout.isatty():
        from fer_edge.cli.shared.live_table import LiveTable

        return LiveTable()
    return JsonLinesSink(None)


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
        faces: analyzer that finds, tracks and classifies the faces.
        sinks: functions that open a sink each; called here, so that all are closed.
        frames: number of frames after which the run ends; None for the source's end.

    Raises:
        CheckFailedError: results were lost, or pictures of a file could not be read.
        InputError: the source or a sink cannot be opened.
        KeyboardInterrupt: Ctrl-C ended it, after closing everything.
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
        echo(f"fer-edge: {str(error) or 'interrupted'}", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
