"""The options of `run` and `serve` in groups, some of which `predict` takes as well."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from device.errors import InputError

if TYPE_CHECKING:
    from device.sources import Source

SOURCE, FACES = "Source", "Faces"
SOURCE_VARIABLE = "FER_EDGE_SOURCE"
"""Environment variable of the source: an address with a password in it is not seen in `ps`."""

MAP_HELP = (
    "Layout and labels of the folder: ckplus, jaffe, rafdb, affectnet, affectnet-csv, expw, kdef, "
    "or a .toml of your own (docs/datasets.md)."
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
    """Face detectors; `auto` is YuNet where its file is, else Haar."""

    auto = "auto"
    haar = "haar"
    yunet = "yunet"


class Rotation(StrEnum):
    """Clockwise turns of a picture, in degrees."""

    none = "0"
    quarter = "90"
    half = "180"
    three_quarters = "270"


def finite(value: float | None) -> float | None:
    """Refuse `nan` and `inf`, which compare as within any bounds or break arithmetic later."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number")
    return value


SourceArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="Model file (.tflite) or zoo:NAME, else zoo:base; then a picture, folder, video, "
        "/dev/videoN or N, picamera, rtsp://… or another address, or - for stdin "
        f"(else {SOURCE_VARIABLE}).",
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
        help="Face detector; auto: YuNet where its file is (fer-edge fetch yunet), else Haar.",
        rich_help_panel=FACES,
    ),
]
DetectorModelOption = Annotated[
    Path | None,
    typer.Option(help="File of YuNet, instead of the downloaded one.", rich_help_panel=FACES),
]
ThreadsOption = Annotated[
    int, typer.Option(min=1, max=MAX_THREADS, help="Threads of detector and model.")
]
PriorOption = Annotated[
    str,
    typer.Option(
        help="How frequent the classes are here, instead of in training: uniform, none (as "
        "trained), or a JSON file of label to share.",
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
        help="How far --prior goes: 0 not at all, 1 all the way.",
        rich_help_panel=FACES,
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what stands at --out already.")]
FramesOption = Annotated[int | None, typer.Option(min=1, help="Stop after this many frames.")]


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """How the source is read."""

    width: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_MAX_SIDE,
            help="Width in pixels, requested from a camera or of raw frames.",
            rich_help_panel=SOURCE,
        ),
    ] = None
    height: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_MAX_SIDE,
            help="Height in pixels, requested from a camera or of raw frames.",
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
            help="Rotate every frame clockwise by degrees, for a camera mounted sideways.",
            rich_help_panel=SOURCE,
        ),
    ] = Rotation.none
    flip: Annotated[
        bool,
        typer.Option(
            "--flip/--no-flip",
            help="Mirror every frame left to right, after rotating.",
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
            help="From a pipe on stdin: every frame, or only the newest.",
            rich_help_panel=SOURCE,
        ),
    ] = False

    def open(self, spec: str) -> "Source":
        """Open a source as the options say."""
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
        int, typer.Option(min=1, help="Detect in every n-th frame.", rich_help_panel=FACES)
    ] = 1
    roi: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,W,H",
            help="Region in which to look for faces, in fractions of the frame.",
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
            help="Time constant of smoothing in seconds; 0 is off.",
            rich_help_panel=FACES,
        ),
    ] = 0.5
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            callback=finite,
            help="Probability below which a face is uncertain.",
            show_default="the model's card, else 0.4",
            rich_help_panel=FACES,
        ),
    ] = None
    prior: PriorOption = "none"
    prior_exponent: PriorExponentOption = 1.0


def model_and_source(words: Sequence[str], model: str | None) -> tuple[str | None, str]:
    """Tell the model, where one is named first, from the source.

    Args:
        words: arguments of the command line: `[MODEL] [SOURCE]`; without a source it is taken from
            the environment.
        model: value of `--model` or its environment variable; one among the arguments comes first.

    Raises:
        InputError: there is no source, or more than one.
    """
    model, sources = model_and_rest(words, model)
    if not sources and SOURCE_VARIABLE in os.environ:
        sources = [os.environ[SOURCE_VARIABLE]]
    if not sources:
        raise InputError(
            f"no source: give a picture, folder, video, camera or address, or set {SOURCE_VARIABLE}"
        )
    if len(sources) > 1:
        raise InputError(f"one source at a time, not {len(sources)}: give a folder for pictures")
    return model, sources[0]


def model_and_rest(words: Sequence[str], model: str | None) -> tuple[str | None, list[str]]:
    """Tell the model, where one is named first, from the other arguments.

    Args:
        words: arguments of the command line.
        model: value of `--model` or its environment variable; one among the arguments comes first.
    """
    if words and is_model(words[0]):
        return words[0], list(words[1:])
    return model, list(words)


def is_model(word: str) -> bool:
    """Tell whether an argument names a model: a `.tflite` file or `zoo:NAME`."""
    return word.startswith("zoo:") or word.lower().endswith(".tflite")
