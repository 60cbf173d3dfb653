"""The export stage: `.tflite` files and their cards."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.labels import FACE_PARTS
from fer_edge.data import contents
from fer_edge.data.calibration_images import calibration_images
from fer_edge.evaluation import decision
from fer_edge.pipeline import artifacts
from fer_edge.pipeline.run import file_stem
from fer_edge.recipe import Recipe
from fer_edge.training import targets
from fer_edge.training.progress import Progress

if TYPE_CHECKING:
    from fer_edge.data.dataset import Dataset
    from fer_edge.pipeline.run import Run


def export(run: "Run", out: Path) -> None:
    """Convert every head to every precision of the recipe and write a card next to each file."""
    from quantization.tflite import card, convert

    recipe, data = run.recipe, run.training_data.train
    quantized = None
    if recipe.quantize and "int8" in recipe.precisions:
        quantized = artifacts.qat_model(run), run.folder("quantize") / "weights.npz"
    parent = artifacts.float_model(run), artifacts.float_weights(run)
    normalization = artifacts.normalization(run)
    calibration = None
    if recipe.quantize:
        calibration = calibration_images(data.images, recipe.quantize.calibration)
    files = [(head, precision) for head in recipe.model.heads for precision in recipe.precisions]
    with Progress("export", len(files)) as progress:
        for number, (head, precision) in enumerate(files, start=1):
            labels = targets.label_names(data, head)
            model, weights = quantized if precision == "int8" and quantized else parent
            path = out / f"{file_stem(head, labels)}_{precision}.tflite"
            convert.to_tflite(
                model,
                path,
                head=head,
                labels=labels,
                precision=precision,
                normalization=normalization,
                calibration=calibration,
                description=_description(recipe.name, data),
                space_to_depth=recipe.export.space_to_depth,
                float16_arithmetic=recipe.export.float16_arithmetic,
            )
            card.write(
                path,
                name=recipe.name,
                head=head,
                labels=labels,
                precision=precision,
                normalization=normalization,
                recipe=recipe.model_dump(mode="json"),
                data=_provenance(recipe, data),
                parent_sha256=card.sha256(weights),
                parts=FACE_PARTS if recipe.model.finds_occlusion else (),
            )
            exponent = recipe.adjust.exponent(head) if recipe.adjust else 0.0
            found = decision.describe(path, head, data, run.training_data.val, exponent)
            card.add_decision(path, found)
            progress.advance()
            progress.report(f"{path.name} ({number} of {len(files)})")


def _provenance(recipe: Recipe, data: "Dataset") -> dict[str, Any]:
    """The description of the training data for a card."""
    sources = {
        name: {"digest": contents.read(source.file).digest}
        | source.model_dump(mode="json", include={"share", "license"})
        for name, source in recipe.data.sources.items()
    }
    return {
        "digest": data.digest,
        "name": data.provenance["name"],
        "synthetic": data.synthetic,
        **({"sources": sources} if sources else {}),
    }


def _description(name: str, data: "Dataset") -> str:
    faces = "synthetic faces" if data.synthetic else data.provenance["name"]
    return f"Facial expression recognition: fer-edge recipe {name}, trained on {faces}."
