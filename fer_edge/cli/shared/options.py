"""The options that `run` and `serve` share, and `predict` some of them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

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


SourceArgument = Annotated[
    str,
    typer.Argument(
        help="Picture, folder, video, /dev/videoN or N, picamera, rtsp://… or http://…, - (stdin).",
        metavar="SOURCE",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        help="Model file (.tflite), or zoo:NAME.",
        metavar="FILE",
        envvar="FER_EDGE_MODEL",
        show_default="zoo:base",
    ),
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
