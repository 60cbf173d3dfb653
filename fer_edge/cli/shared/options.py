"""Option groups of `run` and `serve`; `predict` shares some of them."""

import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_edge.cli.shared.arguments import SOURCE_VARIABLE

if TYPE_CHECKING:
    from device.sources import Source

SOURCE, FACES = "Source", "Faces"

MAP_HELP = (
    "Layout and labels of the folder: ckplus, jaffe, rafdb, affectnet, affectnet-csv, expw, kdef, "
    "or your own .toml file (docs/datasets.md)."
)
MAX_THREADS = 64
_MAX_SIDE = 16_384  # pixels


class StdinFormat(StrEnum):
    """Formats of frames on standard input."""

    mjpeg = "mjpeg"
    bgr24 = "bgr24"
    gray = "gray"
    yuv420 = "yuv420"


class DetectorName(StrEnum):
    """Face detectors; `auto` is YuNet if its file is installed, else Haar."""

    auto = "auto"
    haar = "haar"
    yunet = "yunet"


class Rotation(StrEnum):
    """Clockwise rotations of an image, in degrees."""

    none = "0"
    quarter = "90"
    half = "180"
    three_quarters = "270"


class Alignment(StrEnum):
    """What a face is turned upright by before it is classified."""

    eyes = "eyes"
    landmarks = "landmarks"


def finite(value: float | None) -> float | None:
    """Refuse `nan` and `inf`, which pass range checks or break arithmetic later."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number")
    return value


SourceArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="Model file (.tflite) or zoo:NAME (default zoo:base), then an image, folder, video, "
        "/dev/videoN or N, picamera, rtsp://… or another address, or - for stdin "
        f"(default: {SOURCE_VARIABLE}).",
        metavar="[MODEL] SOURCE",
    ),
]
MODEL_VARIABLE = "FER_EDGE_MODEL"

ModelOption = Annotated[
    str | None,
    typer.Option(
        help="Model file (.tflite), or zoo:NAME.",
        metavar="FILE",
        envvar=MODEL_VARIABLE,
        show_default="zoo:base",
    ),
]
DetectorOption = Annotated[
    DetectorName,
    typer.Option(
        help="Face detector; auto: YuNet if installed (fer-edge fetch yunet), else Haar.",
        rich_help_panel=FACES,
    ),
]
DetectorModelOption = Annotated[
    Path | None,
    typer.Option(help="YuNet model file, instead of the downloaded one.", rich_help_panel=FACES),
]
ThreadsOption = Annotated[
    int, typer.Option(min=1, max=MAX_THREADS, help="Number of threads for detector and model.")
]
LandmarksOption = Annotated[
    str | None,
    typer.Option(
        help="Model of landmarks (.tflite), or zoo:landmarks: adds 68 points and the pose "
        "of each head to JSON output and drawings.",
        metavar="FILE",
        rich_help_panel=FACES,
    ),
]
AlignOption = Annotated[
    Alignment,
    typer.Option(
        help="Turn each face upright by the detector's eyes, or frame it by all its landmarks.",
        rich_help_panel=FACES,
    ),
]
PriorOption = Annotated[
    str,
    typer.Option(
        help="Class frequencies to expect instead of those of the training data: uniform, none (no "
        "correction), or a JSON file of label to frequency.",
        metavar="uniform|none|FILE",
        rich_help_panel=FACES,
    ),
]
PriorExponentOption = Annotated[
    float,
    typer.Option(
        min=0,
        max=1,
        callback=finite,
        help="Strength of the correction by --prior: 0: none, 1: full.",
        rich_help_panel=FACES,
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace an existing --out.")]
FramesOption = Annotated[int | None, typer.Option(min=1, help="Stop after this many frames.")]


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """How the source is read."""

    width: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_MAX_SIDE,
            help="Width in pixels, requested from a camera, or of raw frames.",
            rich_help_panel=SOURCE,
        ),
    ] = None
    height: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_MAX_SIDE,
            help="Height in pixels, requested from a camera, or of raw frames.",
            rich_help_panel=SOURCE,
        ),
    ] = None
    fps: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=1000,
            callback=finite,
            help="Frames per second of a camera, folder, raw motion JPEG or stdin.",
            rich_help_panel=SOURCE,
        ),
    ] = None
    rotate: Annotated[
        Rotation,
        typer.Option(
            help="Rotate each frame clockwise by this many degrees, for a camera mounted sideways.",
            rich_help_panel=SOURCE,
        ),
    ] = Rotation.none
    flip: Annotated[
        bool,
        typer.Option(
            "--flip/--no-flip",
            help="Mirror each frame left to right, after rotation.",
            rich_help_panel=SOURCE,
        ),
    ] = False
    stdin_format: Annotated[
        StdinFormat, typer.Option(help="Format of frames on stdin.", rich_help_panel=SOURCE)
    ] = StdinFormat.mjpeg
    every_frame: Annotated[
        bool,
        typer.Option(
            "--every-frame/--newest",
            help="For a pipe on stdin: process every frame, or only the newest.",
            rich_help_panel=SOURCE,
        ),
    ] = False

    def open(self, spec: str) -> "Source":
        """Open a source with these options."""
        from device.sources import open_source
        from device.sources.oriented import OrientedSource

        source = open_source(
            spec,
            width=self.width,
            height=self.height,
            fps=self.fps,
            stdin_format=self.stdin_format.value,
            every_frame=self.every_frame,
        )
        degrees = int(self.rotate)
        return OrientedSource(source, degrees, self.flip) if degrees or self.flip else source


@dataclass(frozen=True, kw_only=True)
class FaceOptions:
    """How faces are found and classified."""

    detector: DetectorOption = DetectorName.auto
    detector_model: DetectorModelOption = None
    every: Annotated[
        int, typer.Option(min=1, help="Run detection on every n-th frame.", rich_help_panel=FACES)
    ] = 1
    roi: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,W,H",
            help="Region to search for faces, in fractions of the frame.",
            rich_help_panel=FACES,
        ),
    ] = None
    largest: Annotated[
        bool,
        typer.Option(
            "--largest/--all", help="Only the largest face, or every face.", rich_help_panel=FACES
        ),
    ] = False
    margin: Annotated[
        float | None,
        typer.Option(
            min=-0.49,
            max=10,
            callback=finite,
            help="Margin around the face, as a fraction of its box on each side.",
            show_default="as in training",
            rich_help_panel=FACES,
        ),
    ] = None
    smoothing: Annotated[
        float,
        typer.Option(
            min=0,
            callback=finite,
            help="Time constant of smoothing in seconds; 0: no smoothing.",
            rich_help_panel=FACES,
        ),
    ] = 0.5
    temporal: Annotated[
        Path | None,
        typer.Option(
            help="Temporal head (.tflite) made by fer-edge temporal, instead of smoothing.",
            rich_help_panel=FACES,
        ),
    ] = None
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            callback=finite,
            help="Minimum probability; a face below it is labeled uncertain.",
            show_default="from the model's card, else 0.4",
            rich_help_panel=FACES,
        ),
    ] = None
    prior: PriorOption = "none"
    prior_exponent: PriorExponentOption = 1.0
    landmarks: LandmarksOption = None
    align: AlignOption = Alignment.eyes
