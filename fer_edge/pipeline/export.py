"""The stages after the last training: the `.tflite` files with their cards, and their check."""

from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.data.calibration_images import calibration_images
from fer_edge.data.dataset import load
from fer_edge.pipeline import artifacts
from fer_edge.training import targets

if TYPE_CHECKING:
    from fer_edge.data.dataset import Dataset
    from fer_edge.pipeline.run import Run


def export(run: "Run", out: Path) -> None:
    """Convert every head to every precision and write a card beside each file."""
    from quantization.tflite import card, convert
    from quantization.tflite.precision import INTEGER, PRECISIONS

    recipe, data = run.recipe, run.training_data.train
    models = {}
    if recipe.quantize:
        models["int8"] = artifacts.qat_model(run), run.folder("quantize") / "weights.npz"
    parent = (artifacts.float_model(run), artifacts.float_weights(run))
    normalization = artifacts.normalization(run)
    calibration = None
    if recipe.quantize:
        calibration = calibration_images(data.images, recipe.quantize.calibration)
    sources = {
        name: {"digest": load(source.file).digest}
        | source.model_dump(mode="json", include={"share", "license"})
        for name, source in recipe.data.sources.items()
    }
    for head in recipe.model.heads:
        labels = targets.label_names(data, head)
        for precision in PRECISIONS:
            if precision in INTEGER and not recipe.quantize:
                continue
            model, weights = models.get(precision, parent)
            path = out / f"{head}_{precision}.tflite"
            convert.to_tflite(
                model,
                path,
                head=head,
                labels=labels,
                precision=precision,
                normalization=normalization,
                calibration=calibration,
                description=_description(recipe.name, data),
            )
            card.write(
                path,
                name=recipe.name,
                head=head,
                labels=labels,
                precision=precision,
                normalization=normalization,
                recipe=recipe.model_dump(mode="json"),
                data={
                    "digest": data.digest,
                    "name": data.provenance["name"],
                    "synthetic": data.synthetic,
                    **({"sources": sources} if sources else {}),
                },
                parent_sha256=card.sha256(weights),
            )


def _description(name: str, data: "Dataset") -> str:
    faces = "synthetic faces" if data.synthetic else data.provenance["name"]
    return f"Facial expression recognition: fer-edge recipe {name}, trained on {faces}."
