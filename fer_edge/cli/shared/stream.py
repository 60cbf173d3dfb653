"""Turns options into a running loop, for `run` and `serve`."""

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
from fer_edge.cli.shared import landmarks
from fer_edge.cli.shared.options import FaceOptions
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from device.modalities.fusion import Fusion
    from device.runner import Summary
    from device.sinks import Sink
    from device.sources import Source
    from device.tracking.analyzer import FaceAnalyzer

OUTPUT = "Output"


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """Files to write results to."""

    jsonl: Annotated[
        Path | None,
        typer.Option(
            help="Append JSON Lines to this file; - for stdout.",
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
        self,
        labels: tuple[str, ...],
        *,
        fps: Callable[[], float],
        modalities: tuple[str, ...] = (),
    ) -> "list[Callable[[], Sink]]":
        """Return functions that open the requested files.

        Args:
            labels: labels of the model.
            fps: returns the frames per second of the video when it starts; 0 if unknown.
            modalities: names of the modalities that are fused; none for faces alone.

        Raises:
            InputError: two of the options name the same file.
        """
        from device.sinks.csv import CsvSink
        from device.sinks.jsonl import JsonLinesSink
        from device.sinks.video import VideoSink

        jsonl, csv, video = self.jsonl, self.csv, self.video
        asked = [path.resolve() for path in (jsonl, csv, video) if path is not None]
        if len(set(asked)) < len(asked):
            raise InputError(
                "two of --jsonl, --csv and --video name the same file: use different files"
            )
        sinks: list[Callable[[], Sink]] = []
        if jsonl is not None:
            sinks.append(lambda: JsonLinesSink(None if str(jsonl) == "-" else jsonl))
        if csv is not None:
            sinks.append(lambda: CsvSink(csv, labels, modalities=modalities))
        if video is not None:
            sinks.append(lambda: VideoSink(video, fps=fps))
        return sinks


def make_faces(model: str | None, options: FaceOptions, *, threads: int) -> "FaceAnalyzer":
    """Load model and detector and configure an analyzer from the options."""
    import cv2

    from device.faces.detector import open_detector
    from device.model import card, prior
    from device.model.classifier import Classifier
    from device.tracking.analyzer import FaceAnalyzer
    from device.tracking.region import WHOLE, Region
    from device.tracking.temporal import TemporalModel
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
        temporal=None if options.temporal is None else TemporalModel(options.temporal),
        threshold=card.threshold(path) if options.threshold is None else options.threshold,
        locator=landmarks.open_locator(options.landmarks, options.align, threads=threads),
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
    fusion: "Fusion | None" = None,
) -> None:
    """Run the loop until the end of the source or a signal, close everything and log a summary.

    Args:
        source: source, not yet opened.
        faces: analyzer that detects, tracks and classifies the faces.
        sinks: functions that open one sink each; called here, so that all sinks are closed.
        frames: number of frames after which the run ends; None: at the end of the source.
        fusion: sound and text beside the faces, not started; files are then played in real
            time, without the frames that come too late.

    Raises:
        CheckFailedError: results were lost, or images of a folder could not be read.
        InputError: the source or a sink cannot be opened.
        KeyboardInterrupt: Ctrl-C was pressed; raised after closing everything.
    """
    from device.runner import run as run_loop
    from device.runner import stopping_on_signals
    from device.sinks.systemd_notify import SystemdSink
    from device.sources.paced import RealTimeSource
    from device.system import log

    log.start()
    if fusion is not None and not source.live:
        source = RealTimeSource(source, drop_late=True)
    error: FerEdgeError | KeyboardInterrupt | None = None
    try:
        with stopping_on_signals() as stop, ExitStack() as stack:
            opened = [stack.enter_context(open_sink()) for open_sink in [*sinks, SystemdSink]]
            stack.enter_context(source)
            if fusion is not None:
                stack.enter_context(fusion)
            summary = run_loop(source, faces, opened, stop=stop, frames=frames, fusion=fusion)
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
        lost.append(f"images of {source.name} that could not be read: {summary.skipped}")
    return CheckFailedError("; ".join(lost)) if lost else None


def _end_at_once(error: FerEdgeError | KeyboardInterrupt | None) -> NoReturn:
    """End the process despite a thread that hangs in a driver, with the exit code of the error."""
    code = getattr(error, "exit_code", ExitCode.OK)
    if isinstance(error, KeyboardInterrupt):
        code = ExitCode.INTERRUPTED
    if error is not None:
        echo(f"fer-edge: {str(error) or 'interrupted'}", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
