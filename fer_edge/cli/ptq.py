"""`fer-edge ptq`: post-training quantization of a float file, with optional float layers."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.renamed_choice import metavar, renamed_choice
from fer_edge.cli.shared.terminal import echo
from quantization.range_method import RANGE_METHODS, RangeMethod

if TYPE_CHECKING:
    from quantization.ptq.quantize import Quantized

EXAMPLE = (
    "Example: fer-edge ptq --data fer2013.npz --out ptq.tflite --method percentile --fallback 2"
)


def ptq(
    data: Annotated[
        Path,
        typer.Option(help="Calibration faces: the train split of a .npz from `data prepare`."),
    ],
    out: Annotated[
        Path, typer.Option(help="File to write (.tflite); its card is written next to it.")
    ],
    source: Annotated[
        str, typer.Argument(help="Float32 file (.tflite) with its card.", metavar="FLOAT")
    ] = "zoo:base/fer2013_float32",
    method: Annotated[
        str,
        typer.Option(
            help="Estimator of the activation ranges.",
            parser=renamed_choice(RANGE_METHODS, {"moving-average": "moving_average"}),
            metavar=metavar(RANGE_METHODS),
        ),
    ] = "minmax",
    samples: Annotated[int, typer.Option(min=1, help="Number of calibration images.")] = 256,
    seed: Annotated[int, typer.Option(min=0, help="RNG seed for choosing the images.")] = 0,
    keep_float: Annotated[
        list[str] | None,
        typer.Option(metavar="LAYER", help="Layer to keep in float; may be repeated."),
    ] = None,
    fallback: Annotated[
        int, typer.Option(min=0, help="Number of additional float layers, lowest SQNR first.")
    ] = 0,
    quantizer: Annotated[
        Path | None,
        typer.Option(
            help="Python interpreter of an environment with litert-quantizer.",
            envvar="FER_EDGE_QUANTIZER_PYTHON",
            show_default="this one",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing --out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Quantize a float file to int8 with LiteRT's quantizer, without training.

    Use `fer-edge bench` to compare the result with its parent and with quantization-aware training.
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
        method=cast(RangeMethod, method),
        keep_float=keep_float or (),
        fallback=fallback,
        python=quantizer,
        drawn={"seed": seed, "data_digest": faces.digest},
    )
    if as_json:
        print_json(_as_json(path, method, samples, made))
        return
    echo(f"{made.path}: {made.bytes:,} bytes, from {path.stat().st_size:,} of {path}")
    echo(f"{method} over {samples:,} images, seed {seed}; {made.quantizer}")
    echo(f"float layers: {', '.join(made.kept) or 'none'}")


def _as_json(source: Path, method: str, samples: int, made: "Quantized") -> dict[str, Any]:
    return {
        "parent": str(source),
        "method": method,
        "samples": samples,
        **asdict(made),
        "path": str(made.path),
    }
