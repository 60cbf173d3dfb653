r"""Writes the corruption errors of the recipe `paper`, the reference of mCE, to the package.

    fer-edge train paper --data fer2013.npz --out runs/paper --set data.split=protocol \
        --set data.drop_leaked=true --set train.select=best
    fer-edge eval paper_float32.tflite --data fer2013.npz --out runs/eval-paper --suite robustness
    python -m fer_edge.release.figures.paper_errors runs/eval-paper/evaluation.json \
        --trained "50 epochs"

With the recipe's own random split, the reference would be evaluated on its training faces.
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from device.errors import InputError
from device.labels import FER2013
from device.system.atomic_file import replacing
from fer_edge.evaluation import document, types
from fer_edge.evaluation.robustness import PAPER_ERRORS
from fer_edge.release.command import one_line


def entry(evaluation: types.Evaluation) -> dict[str, object]:
    """Return the entry of one split: provenance, and mean error over severities by corruption.

    Raises:
        InputError: the evaluation is partial, or not of one model with robustness.
    """
    if evaluation.partial or len(evaluation.models) != 1:
        raise InputError("use a finished evaluation of only the paper's model")
    (model,) = evaluation.models
    if model.robustness is None or model.labels != list(FER2013):
        raise InputError("use an evaluation with the suite robustness on FER2013's labels")
    return {
        "split": evaluation.data.split,
        "data": evaluation.data.name,
        "data_digest": evaluation.data.digest,
        "seed": evaluation.data.seed,
        "n": model.n,
        "model_sha256": model.sha256,
        "created": evaluation.created,
        "top1": model.top1,
        "errors": {one.name: 1 - float(np.mean(one.top1)) for one in model.robustness.corruptions},
    }


def main(
    evaluations: Annotated[list[Path], typer.Argument(help="evaluation.json, one per split.")],
    trained: Annotated[str, typer.Option(help="Training of the model, for the provenance.")],
) -> None:
    """Write the reference errors."""
    with one_line("paper_errors"):
        content = {
            "command": "fer-edge train paper --set data.split=protocol "
            "--set data.drop_leaked=true --set train.select=best",
            "trained": trained,
            "splits": [entry(document.load(path)) for path in evaluations],
        }
    with replacing(PAPER_ERRORS) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
