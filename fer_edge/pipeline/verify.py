"""The stage that verifies the exported int8 files."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.system.atomic_file import replacing
from fer_edge.pipeline import artifacts
from fer_edge.pipeline.run import file_stem
from fer_edge.recipe import Quantize
from fer_edge.training import targets

if TYPE_CHECKING:
    from fer_edge.pipeline.run import Run
    from quantization.verify.weights import Expectation


PARITY_IMAGES = 1000


def verify(run: "Run", out: Path, section: Quantize) -> None:
    """Compare each int8 file with the quantization-aware model that it was converted from.

    Raises:
        CheckFailedError: a file has float tensors, disagrees with the model on more images than the
            recipe allows, or has lost the zeros or the clusters of its weights.
    """
    from quantization.verify import parity
    from quantization.verify import weights as verify_weights
    from quantization.verify.agreement import Bound

    recipe, data = run.recipe, run.training_data
    images = (data.train if data.val is None else data.val).images[:PARITY_IMAGES]
    model = artifacts.qat_model(run)
    found: dict[str, Any] = {}
    held: dict[str, Any] = {}
    for head in recipe.model.heads:
        stem = file_stem(head, targets.label_names(data.train, head))
        path = run.folder("export") / f"{stem}_int8.tflite"
        if (
            not path.exists()
        ):  # exported by a version that named files with own labels after the head
            path = run.folder("export") / f"{head}_int8.tflite"
        found[path.name] = asdict(
            parity.check(
                path,
                model,
                images,
                head=head,
                normalization=artifacts.normalization(run),
                bound=Bound(section.max_disagreement, section.max_difference),
            )
        )
        verify_weights.assert_kept(path, _expected_sparsity(run))
        held[path.name] = verify_weights.summarize(path)
    with replacing(out / "weights.json") as partial:
        partial.write_text(json.dumps(held, indent=1) + "\n")
    with replacing(out / "parity.json") as partial:
        partial.write_text(json.dumps(found, indent=1) + "\n")


def _expected_sparsity(run: "Run") -> "Expectation":
    """Zeros, sparsity pattern and clusters that int8 files must have after the earlier stages."""
    from quantization.verify.weights import Expectation

    recipe = run.recipe
    zeros: dict[str, float] = {}
    if recipe.prune or recipe.cluster:
        folder = run.folder("cluster" if recipe.cluster else "prune")
        zeros = json.loads((folder / "zeros.json").read_text())["layers"]
    if not recipe.prune:
        zeros = dict.fromkeys(zeros, 0.0)
    return Expectation(
        zeros,
        two_of_four=recipe.prune is not None and recipe.prune.pattern == "2:4",
        values=recipe.cluster.clusters if recipe.cluster else None,
    )
