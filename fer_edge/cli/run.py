"""`fer-edge run`: the expressions in a video, a camera's or a stream's pictures, on and on."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from device.errors import FerEdgeError, GateError, InputError
from fer_edge.cli.mqtt import IntervalOption, MqttOption, mqtt_sinks

if TYPE_CHECKING:
    from device.faces import Faces
    from device.runner import Summary
    from device.sinks import Sink
    from device.sources import Source

EXAMPLE = "Example: fer-edge run /dev/video0 --model fer2013_int8.tflite --jsonl -"

SOURCE, FACES = "Source", "Faces"


class StdinFormat(StrEnum):
    """What comes on standard input."""

    mjpeg = "mjpeg"
    bgr24 = "bgr24"
    gray = "gray"
    yuv420 = "yuv420"


class DetectorName(StrEnum):
    """Face detectors."""

    haar = "haar"
    yunet = "yunet"


# The options that `run` shares with `serve`.
SourceArgument = Annotated[
    str,
    typer.Argument(
        help="Picture, folder, video, /dev/videoN or N, picamera, rtsp://… or http://…, - (stdin).",
        metavar="SOURCE",
    ),
]
ModelOption = Annotated[
    Path | None, typer.Option(help="Model file (.tflite).", envvar="FER_EDGE_MODEL")
]
WidthOption = Annotated[
    int | None,
    typer.Option(min=1, help="Pixels asked of a camera, or of raw frames.", rich_help_panel=SOURCE),
]
HeightOption = Annotated[int | None, typer.Option(min=1, help="Likewise.", rich_help_panel=SOURCE)]
FpsOption = Annotated[
    float | None,
    typer.Option(
        min=0.001, help="Frames a second of camera, folder or stdin.", rich_help_panel=SOURCE
    ),
]
StdinFormatOption = Annotated[
    StdinFormat, typer.Option(help="What comes on stdin.", rich_help_panel=SOURCE)
]
EveryFrameOption = Annotated[
    bool,
    typer.Option(
        "--every-frame/--newest",
        help="Of a pipe on stdin: every frame, or the newest alone.",
        rich_help_panel=SOURCE,
    ),
]
DetectorOption = Annotated[
    DetectorName, typer.Option(help="What finds faces.", rich_help_panel=FACES)
]
DetectorModelOption = Annotated[
    Path | None, typer.Option(help="File of YuNet, instead of the fetched.", rich_help_panel=FACES)
]
EveryOption = Annotated[
    int, typer.Option(min=1, help="Detect in every n-th frame.", rich_help_panel=FACES)
]
RoiOption = Annotated[
    str | None,
    typer.Option(
        metavar="X,Y,W,H", help="Look there alone, in fractions of 1.", rich_help_panel=FACES
    ),
]
LargestOption = Annotated[
    bool,
    typer.Option(
        "--largest/--all", help="The largest face alone, or every face.", rich_help_panel=FACES
    ),
]
MarginOption = Annotated[
    float | None,
    typer.Option(help="Of the crop, as a fraction of the box.", rich_help_panel=FACES),
]
SmoothingOption = Annotated[
    float,
    typer.Option(min=0, help="Time constant in seconds; 0 is off.", rich_help_panel=FACES),
]
ThresholdOption = Annotated[
    float,
    typer.Option(min=0, max=1, help="Below it a face is uncertain.", rich_help_panel=FACES),
]
ThreadsOption = Annotated[int, typer.Option(min=1, help="Threads of detector and model.")]
FramesOption = Annotated[int | None, typer.Option(min=1, help="End after so many frames.")]


def run(
    source: SourceArgument,
    model: ModelOption = None,
    jsonl: Annotated[
        Path | None,
        typer.Option(help="Append JSON Lines to it; - is stdout (default).", allow_dash=True),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Append one row a face to this file.")] = None,
    video: Annotated[
        Path | None, typer.Option(help="Draw the results into this video (.avi, .mp4).")
    ] = None,
    mqtt: MqttOption = None,
    mqtt_interval: IntervalOption = 1.0,
    frames: FramesOption = None,
    threads: ThreadsOption = 1,
    width: WidthOption = None,
    height: HeightOption = None,
    fps: FpsOption = None,
    stdin_format: StdinFormatOption = StdinFormat.mjpeg,
    every_frame: EveryFrameOption = False,
    detector: DetectorOption = DetectorName.haar,
    detector_model: DetectorModelOption = None,
    every: EveryOption = 3,
    roi: RoiOption = None,
    largest: LargestOption = False,
    margin: MarginOption = None,
    smoothing: SmoothingOption = 0.5,
    threshold: ThresholdOption = 0.4,
) -> None:
    """Follow the faces of a source and say what they show, frame after frame.

    Ends with the source, or within a second of Ctrl-C or SIGTERM; what was written is whole.
    """
    from device.sources import open_source

    opened = open_source(
        source,
        width=width,
        height=height,
        fps=fps,
        stdin_format=stdin_format.value,
        every_frame=every_frame,
    )
    faces = make_faces(
        model,
        detector=detector,
        detector_model=detector_model,
        every=every,
        roi=roi,
        largest=largest,
        margin=margin,
        smoothing=smoothing,
        threshold=threshold,
        threads=threads,
    )
    sinks = file_sinks(
        jsonl,
        csv,
        video,
        labels=faces.labels,
        fps=lambda: fps or opened.fps,
        default_stdout=mqtt is None,
    )
    messages = mqtt_sinks(mqtt, mqtt_interval, labels=faces.labels)
    analyse(opened, faces, [*sinks, *messages], frames=frames)


def make_faces(
    model: Path | None,
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
) -> "Faces":
    """Load model and detector and put them together, as the options say."""
    if model is None:
        raise InputError("no model: give --model FILE.tflite, or set FER_EDGE_MODEL")

    import cv2

    from device.detect import open_detector
    from device.faces import Faces
    from device.interpreter import Classifier
    from device.preprocess import MARGIN
    from device.region import WHOLE, Region

    cv2.setNumThreads(threads)
    return Faces(
        Classifier(model, threads=threads),
        open_detector(detector.value, model=detector_model),
        every=every,
        roi=WHOLE if roi is None else Region.parse(roi),
        largest=largest,
        margin=MARGIN if margin is None else margin,
        smoothing=smoothing,
        threshold=threshold,
    )


def analyse(
    source: "Source",
    faces: "Faces",
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
        GateError: results were lost, or pictures of a file could not be read.
        InputError: the source or a sink cannot be opened.
        KeyboardInterrupt: Ctrl-C ended it; all is closed.
    """
    from device import log
    from device.runner import run as run_loop
    from device.runner import stopping_on_signals
    from device.sinks.systemd import SystemdSink

    log.start()
    error: FerEdgeError | KeyboardInterrupt | None = None
    try:
        with stopping_on_signals() as stop, ExitStack() as stack:
            opened = [stack.enter_context(open_sink()) for open_sink in [*sinks, SystemdSink]]
            stack.enter_context(source)
            summary = run_loop(source, faces, opened, stop=stop, frames=frames)
        logging.getLogger("device").info("%s: %s", source.name, summary)
        error = _complaint(summary, source)
        if error is None and stop.signal == signal.SIGINT:
            error = KeyboardInterrupt()
    except (FerEdgeError, KeyboardInterrupt) as raised:
        error = raised
    if source.hung:
        _end_at_once(error)
    if error is not None:
        raise error


def _complaint(summary: "Summary", source: "Source") -> GateError | None:
    lost = [f"results not written to {name}: {count}" for name, count in summary.lost.items()]
    if summary.skipped and not source.live:
        lost.append(f"pictures of {source.name} that could not be read: {summary.skipped}")
    return GateError("; ".join(lost)) if lost else None


def _end_at_once(error: FerEdgeError | KeyboardInterrupt | None) -> NoReturn:
    """End the process beside a thread that hangs in a driver, with the exit code of the error."""
    code = 130 if isinstance(error, KeyboardInterrupt) else getattr(error, "exit_code", 0)
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
