"""`fer-edge export`: a model file for MediaPipe, Android or a microcontroller."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fer_edge.cli.shared.json_output import print_json

if TYPE_CHECKING:
    from fer_edge.deploy import Deployed

EXAMPLE = "Example: fer-edge export zoo:base --input rgb --io uint8 --out expression.tflite"


class Head(StrEnum):
    """Whose labels."""

    fer2013 = "fer2013"
    ferplus = "ferplus"


class PrecisionName(StrEnum):
    """Of the net, see docs/compression.md."""

    float32 = "float32"
    float16 = "float16"
    dynamic = "dynamic"
    ptq = "ptq"
    int8 = "int8"


class IOName(StrEnum):
    """Of input and output."""

    int8 = "int8"
    uint8 = "uint8"
    float32 = "float32"


class Input(StrEnum):
    """Colors of the input."""

    gray = "gray"
    rgb = "rgb"


class FormatName(StrEnum):
    """What is written."""

    tflite = "tflite"
    c = "c"


def export(
    source: Annotated[
        str,
        typer.Argument(
            help="Folder of a finished run, zoo:NAME, or model file (.tflite).", metavar="[SOURCE]"
        ),
    ] = "zoo:base",
    head: Annotated[
        Head | None,
        typer.Option(help="Whose labels; of a folder or zoo:NAME.", show_default="fer2013"),
    ] = None,
    precision: Annotated[
        PrecisionName | None, typer.Option(help="Of the net, likewise.", show_default="int8")
    ] = None,
    input: Annotated[
        Input | None,
        typer.Option(help="Gray, or RGB made gray inside.", show_default="rgb; gray for c"),
    ] = None,
    io: Annotated[
        IOName | None,
        typer.Option(help="Dtype of input and output.", show_default="uint8; int8 for c"),
    ] = None,
    format: Annotated[
        FormatName, typer.Option(help="Model file, or C++ source with it as an array.")
    ] = FormatName.tflite,
    out: Annotated[
        Path | None, typer.Option(help="File to write, or a folder.", show_default="here")
    ] = None,
    tflite_micro: Annotated[
        Path | None,
        typer.Option(
            help="Python of an environment with tflite-micro, to check a C array in it.",
            envvar="FER_EDGE_TFLITE_MICRO_PYTHON",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Give a finished model the input and output that its runtime wants; the net stays as it is.

    Left as it is, the file drops into MediaPipe's ImageClassifier and Android: RGB, uint8.
    """
    from fer_edge import deploy as fer_edge_deploy

    is_c = format is FormatName.c
    done = fer_edge_deploy.deploy(
        fer_edge_deploy.find(source, head and head.value, precision and precision.value),
        out,
        io=(io or (IOName.int8 if is_c else IOName.uint8)).value,
        color=(input or (Input.gray if is_c else Input.rgb)).value,
        form=format.value,
        python=tflite_micro,
    )
    if as_json:
        print_json(_as_json(done))
    else:
        _show(done, is_c)


def _as_json(done: "Deployed") -> dict[str, Any]:
    return {
        "source": str(done.source),
        "files": [str(file) for file in done.files],
        "card": str(done.card),
        "bytes": done.bytes,
        "input": done.color,
        "io": done.io,
        "tflite_micro": done.micro and asdict(done.micro),
    }


def _show(done: "Deployed", is_c: bool) -> None:
    from fer_edge.deploy import NOT_MEASURED

    values = {"uint8": "pixels", "int8": "pixels - 128", "float32": "pixels 0..255"}[done.io]
    channels = 3 if done.color == "rgb" else 1
    typer.echo(
        f"{', '.join(map(str, done.files))}: {done.bytes:,} bytes, {done.io} [1, 48, 48, "
        f"{channels}] {done.color} {values} to {done.io} probabilities, from {done.source}"
    )
    typer.echo(f"card: {done.card}")
    if not is_c:
        return
    if done.micro is None:
        typer.echo(f"arena: {NOT_MEASURED}; give --tflite-micro the python of one that has it")
        return
    typer.echo(
        f"arena: {done.micro.arena_bytes:,} bytes ({done.micro.runtime}); of {done.micro.n} drawn "
        f"faces {done.micro.changed} get another answer than from LiteRT's reference kernels, "
        f"largest difference of a probability {done.micro.largest:.4f}"
    )
