"""The stages after the last training: the `.tflite` files with their cards, and their check."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.system.atomic_file import replacing
from fer_edge.data import splits
from fer_edge.data.calibration_images import calibration_images
from fer_edge.pipeline import train as train_stages
from fer_edge.training import targets

if TYPE_CHECKING:
    from fer_edge.data.dataset import Dataset
    from fer_edge.pipeline.pipeline import Run
    from quantization.verify.weights import Promise

PARITY_IMAGES = 1000


def model_files(run: "Run") -> list[Path]:
    """The exported files, the float32 ones first: what the others are compared with."""
    found = run.folder("export").glob("*.tflite")
    return sorted(found, key=lambda p: (not p.stem.endswith("float32"), p.name))


def export(run: "Run", out: Path) -> None:
    """Convert every head to every precision and write a card beside each file."""
    from quantization.tflite import card, convert

    recipe, data = run.recipe, splits.training(run.data, run.recipe).train
    models = {}
    if recipe.quantize:
        models["int8"] = train_stages.qat_model(run), run.folder("quantize") / "weights.npz"
    parent = (train_stages.float_model(run), train_stages.float_weights(run))
    normalisation = train_stages.scaling(run)
    calibration = None
    if recipe.quantize:
        calibration = calibration_images(data.images, recipe.quantize.calibration)
    for head in recipe.model.heads:
        labels = targets.label_names(data, head)
        for precision in convert.PRECISIONS:
            if precision in convert.INTEGER and not recipe.quantize:
                continue
            model, weights = models.get(precision, parent)
            path = out / f"{head}_{precision}.tflite"
            convert.to_tflite(
                model,
                path,
                head=head,
                labels=labels,
                precision=precision,
                normalisation=normalisation,
                calibration=calibration,
                description=_description(recipe.name, data),
            )
            card.write(
                path,
                name=recipe.name,
                head=head,
                labels=labels,
                precision=precision,
                normalisation=normalisation,
                recipe=recipe.model_dump(mode="json"),
                data={
                    "digest": data.digest,
                    "name": data.provenance["name"],
                    "synthetic": data.synthetic,
                },
                parent_sha256=card.sha256(weights),
            )


def verify(run: "Run", out: Path) -> None:
    """Hold each int8 file against the quantization-aware model that it was converted from.

    Raises:
        GateError: it has float tensors, answers otherwise on more images than the recipe bears, or
            has lost the zeros or the few values that its weights had.
    """
    from quantization.verify import parity
    from quantization.verify import weights as verify_weights

    recipe, data = run.recipe, splits.training(run.data, run.recipe)
    assert recipe.quantize is not None
    images = (data.train if data.val is None else data.val).images[:PARITY_IMAGES]
    model = train_stages.qat_model(run)
    found: dict[str, Any] = {}
    held: dict[str, Any] = {}
    for head in recipe.model.heads:
        path = run.folder("export") / f"{head}_int8.tflite"
        found[path.name] = asdict(
            parity.check(
                path,
                model,
                images,
                head=head,
                normalisation=train_stages.scaling(run),
                bound=parity.Bound(
                    recipe.quantize.max_disagreement, recipe.quantize.max_difference
                ),
            )
        )
        verify_weights.hold(path, _promise(run))
        held[path.name] = verify_weights.weigh(path)
    with replacing(out / "weights.json") as partial:
        partial.write_text(json.dumps(held, indent=1) + "\n")
    with replacing(out / "parity.json") as partial:
        partial.write_text(json.dumps(found, indent=1) + "\n")


def _promise(run: "Run") -> "Promise":
    """What the earlier stages say about the weights of the int8 files."""
    from quantization.verify.weights import Promise

    recipe = run.recipe
    zeros: dict[str, float] = {}
    if recipe.prune or recipe.cluster:
        folder = run.folder("cluster" if recipe.cluster else "prune")
        zeros = json.loads((folder / "zeros.json").read_text())["layers"]
    if not recipe.prune:
        zeros = dict.fromkeys(zeros, 0.0)
    return Promise(
        zeros,
        two_of_four=recipe.prune is not None and recipe.prune.pattern == "2:4",
        values=recipe.cluster.clusters if recipe.cluster else None,
    )


def _description(name: str, data: "Dataset") -> str:
    faces = "synthetic faces" if data.synthetic else data.provenance["name"]
    return f"Facial expression recognition: fer-edge recipe {name}, trained on {faces}."
