"""`fer-edge ptq`: quantize a finished float file by calibration, some layers left in floats."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fer_edge.cli.shared.json_output import print_json

if TYPE_CHECKING:
    from quantization.ptq.quantize import Quantized

EXAMPLE = (
    "Example: fer-edge ptq --data fer2013.npz --out ptq.tflite --method percentile --fallback 2"
)


class Method(StrEnum):
    """How ranges follow from images; the names are those of `quantization.ptq.calibration`."""

    minmax = "minmax"
    moving_average = "moving-average"
    percentile = "percentile"
    mse = "mse"


def ptq(
    data: Annotated[Path, typer.Option(help="Faces (.npz of `data prepare`); its train split.")],
    out: Annotated[Path, typer.Option(help="File to write (.tflite); its card goes beside it.")],
    source: Annotated[
        str, typer.Argument(help="Float32 file (.tflite) with its card.", metavar="FLOAT")
    ] = "zoo:base/fer2013_float32",
    method: Annotated[Method, typer.Option(help="Of calibration.")] = Method.minmax,
    samples: Annotated[int, typer.Option(min=1, help="Images that calibrate.")] = 256,
    seed: Annotated[int, typer.Option(min=0, help="Of their draw.")] = 0,
    keep_float: Annotated[
        list[str] | None,
        typer.Option(metavar="LAYER", help="Layer that stays in floats; may be repeated."),
    ] = None,
    fallback: Annotated[
        int, typer.Option(min=0, help="So many layers more do, those of the most noise.")
    ] = 0,
    quantizer: Annotated[
        Path | None,
        typer.Option(
            help="Python of an environment with litert-quantizer.",
            envvar="FER_EDGE_QUANTIZER_PYTHON",
            show_default="this one",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace --out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Quantize a float file to int8 by LiteRT's quantizer, without training.

    Compare it with its parent and a file of quantization-aware training by `fer-edge bench`.
    """
    from fer_edge import zoo
    from fer_edge.data import calibration_images
    from fer_edge.data.output import refuse_existing
    from quantization.ptq import quantize

    refuse_existing(out, force=force)
    path = zoo.resolve(source)
    faces = calibration_images.draw(data, samples, seed)
    made = quantize.quantize(
        path,
        out,
        faces.images,
        method=method.value,
        keep_float=keep_float or (),
        fallback=fallback,
        python=quantizer,
        drawn={"seed": seed, "data_digest": faces.digest},
    )
    if as_json:
        print_json(_as_json(path, method, samples, made))
        return
    typer.echo(f"{made.path}: {made.bytes:,} bytes, from {path.stat().st_size:,} of {path}")
    typer.echo(f"{method} over {samples:,} images, seed {seed}; {made.quantizer}")
    typer.echo(f"in floats: {', '.join(made.kept) or 'no layer'}")


def _as_json(source: Path, method: str, samples: int, made: "Quantized") -> dict[str, Any]:
    return {
        "parent": str(source),
        "method": method,
        "samples": samples,
        **asdict(made),
        "path": str(made.path),
    }
