"""`fer-edge export`: writes a model file for MediaPipe, Android or a microcontroller."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.options import ForceOption, PriorExponentOption, PriorOption, finite
from fer_edge.cli.shared.renamed_choice import metavar, renamed_choice
from fer_edge.cli.shared.terminal import echo
from quantization.tflite.io_types import COLORS, IO, Color
from quantization.tflite.precision import Precision

if TYPE_CHECKING:
    from fer_edge.deploy import Deployed

EXAMPLE = "Example: fer-edge export zoo:base --input rgb --io uint8 --out expression.tflite"


def export(
    source: Annotated[
        str,
        typer.Argument(
            help="Folder of a finished run, zoo:NAME, or model file (.tflite).", metavar="[SOURCE]"
        ),
    ] = "zoo:base",
    head: Annotated[
        Literal["fer2013", "ferplus"] | None,
        typer.Option(help="Label set, if SOURCE is a folder or zoo:NAME.", show_default="fer2013"),
    ] = None,
    precision: Annotated[
        Precision | None,
        typer.Option(help="Precision, if SOURCE is a folder or zoo:NAME.", show_default="int8"),
    ] = None,
    input: Annotated[
        str | None,
        typer.Option(
            help="Color format of the input; rgb is converted to gray inside the model.",
            show_default="rgb; gray for c",
            parser=renamed_choice(COLORS, {"grey": "gray"}),
            metavar=metavar(COLORS),
        ),
    ] = None,
    io: Annotated[
        IO | None,
        typer.Option(help="Dtype of input and output.", show_default="uint8; int8 for c"),
    ] = None,
    format: Annotated[
        Literal["tflite", "c"],
        typer.Option(help="tflite: model file; c: C++ source with the model as an array."),
    ] = "tflite",
    out: Annotated[
        Path | None,
        typer.Option(help="File or folder to write.", show_default="working folder"),
    ] = None,
    blend: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            callback=finite,
            help="Weight of the net's other head, whose file stands beside the exported one.",
        ),
    ] = 0.0,
    prior: PriorOption = "none",
    prior_exponent: PriorExponentOption = 1.0,
    tflite_micro: Annotated[
        Path | None,
        typer.Option(
            help="Python interpreter of an environment with tflite-micro, to verify a C array.",
            envvar="FER_EDGE_TFLITE_MICRO_PYTHON",
        ),
    ] = None,
    force: ForceOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a model with the input and output that a runtime expects; weights are unchanged.

    The default is RGB and uint8, which MediaPipe's ImageClassifier and Android expect.
    """
    from fer_edge import deploy as fer_edge_deploy
    from fer_edge.reweighting import Reweighting

    is_c = format == "c"
    done = fer_edge_deploy.deploy(
        fer_edge_deploy.find(source, head, precision),
        out,
        io=io or ("int8" if is_c else "uint8"),
        color=cast(Color, input or ("gray" if is_c else "rgb")),
        form=format,
        python=tflite_micro,
        force=force,
        change=Reweighting(blend, prior, prior_exponent),
    )
    if as_json:
        print_json(_as_json(done))
    else:
        _show(done, is_c)


def _as_json(done: "Deployed") -> dict[str, Any]:
    micro = done.micro
    return {
        "source": str(done.source),
        "files": [str(file) for file in done.files],
        "card": str(done.card),
        "bytes": done.bytes,
        "input": done.color,
        "io": done.io,
        "tflite_micro": micro
        and {"runtime": micro.runtime, "arena_bytes": micro.arena_bytes, **asdict(micro.agreement)},
    }


def _show(done: "Deployed", is_c: bool) -> None:
    from fer_edge.deploy import NOT_MEASURED

    values = {"uint8": "pixels", "int8": "pixels - 128", "float32": "pixels 0..255"}[done.io]
    channels = 3 if done.color == "rgb" else 1
    echo(
        f"{', '.join(map(str, done.files))}: {done.bytes:,} bytes, {done.io} [1, 48, 48, "
        f"{channels}] {done.color} {values} to {done.io} probabilities, from {done.source}"
    )
    echo(f"card: {done.card}")
    if not is_c:
        return
    if done.micro is None:
        echo(f"arena: {NOT_MEASURED}; give --tflite-micro the Python of an environment that has it")
        return
    agreement = done.micro.agreement
    echo(
        f"arena: {done.micro.arena_bytes:,} bytes ({done.micro.runtime}); "
        f"{agreement.disagreements} of {agreement.n} predictions for synthetic faces differ "
        f"from LiteRT's reference kernels, "
        f"largest difference in probability {agreement.max_difference:.4f}"
    )
