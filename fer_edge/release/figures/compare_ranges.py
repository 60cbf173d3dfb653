r"""Compares the range estimators of int8 quantization on a shipped model and the val split.

    python -m fer_edge.release.figures.compare_ranges base --data fer2013.npz --images 8192 \
        --batch 32

The float model is converted to int8 with each estimator: after calibration only, and after one
epoch of quantization-aware training on `--images` training images, with BatchNorm frozen and the
recipe's other `[quantize]` settings. All figures are measured on the `.tflite` files.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from device.errors import InputError
from fer_edge import recipe, zoo
from fer_edge.data import splits
from fer_edge.data.calibration_images import calibration_images
from fer_edge.data.dataset import Dataset
from fer_edge.recipe import Quantize, Recipe
from fer_edge.training import targets, trainer, weights
from fer_edge.training.job import Hooks, Job
from fer_edge.training.load_tensorflow import load_tensorflow
from fer_edge.training.mixture import Mixture

if TYPE_CHECKING:
    from quantization.range_method import RangeMethod

HEAD = "fer2013"


@dataclass(frozen=True)
class Comparison:
    """Settings common to all estimators.

    Attributes:
        recipe: recipe of the model.
        section: `[quantize]` section of the recipe.
        data: training and val images.
        val: val images.
        parent: float model.
        folder: folder for temporary files.
    """

    recipe: Recipe
    section: Quantize
    data: splits.TrainingData
    val: Dataset
    parent: Any
    folder: Path

    def quantized(self, ranges: "RangeMethod", images: int, batch: int) -> Any:
        """Return the calibrated quantization-aware model, trained on `images` images."""
        from quantization.qat import quantize_aware as qat

        model = qat.quantize_aware(
            self.parent, normalization=self.normalization(), keep_zeros=False
        )
        qat.calibrate(model, self.calibration(), normalization=self.normalization(), ranges=ranges)
        if not images:
            return model
        rows = np.linspace(0, len(self.data.train) - 1, images).astype(int)
        heads = targets.head_sizes(self.data.train, self.recipe)
        job = Job(
            phase=self.section.model_copy(update={"epochs": 1, "select": "last"}),
            train=Mixture(
                targets.labeled(self.data.train.take(rows), heads, self.recipe.train), batch
            ),
            val=None,
            seed=self.recipe.seed,
            augment=self.recipe.augment,
            normalization=self.recipe.model.normalization,
            out=self.folder / ranges,
            title=ranges,
            teacher=self.parent,
            hooks=Hooks(before_epoch=lambda _: qat.set_batchnorm_frozen(model, True) > 0),
        )
        trainer.fit(model, job)
        return model

    def answers(self, model: Any, precision: Any) -> NDArray[np.float32]:
        """Return the file's probabilities on the val split, float32 `[n, labels]`."""
        from benchmarks.metrics.accuracy import predict
        from device.model.classifier import Classifier
        from quantization.tflite.convert import to_tflite

        path = self.folder / "net.tflite"
        labels = targets.label_names(self.data.train, HEAD)
        to_tflite(
            model,
            path,
            head=HEAD,
            labels=labels,
            precision=precision,
            normalization=self.normalization(),
            calibration=self.calibration(),
        )
        return predict(Classifier(path), self.val.images)

    def calibration(self) -> NDArray[np.uint8]:
        """Calibration images, uint8 `[n, 48, 48]`."""
        return calibration_images(self.data.train.images, self.section.calibration)

    def normalization(self) -> Any:
        """Normalization of the model's input."""
        from quantization.normalization import Normalization

        return Normalization(*self.recipe.model.normalization)


app = typer.Typer(help="Compare the range estimators of int8 on a shipped model.")


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="Name of the shipped model and its recipe.")],
    data: Annotated[Path, typer.Option(help="A .npz from `data prepare`.")],
    images: Annotated[
        int, typer.Option(min=0, help="Number of training images; 0 for calibration only.")
    ] = 8192,
    batch: Annotated[int, typer.Option(min=1, help="Batch size.")] = 32,
) -> None:
    """Print one table row per file as soon as it is measured."""
    load_tensorflow()
    from quantization.range_method import RANGE_METHODS
    from quantization.verify.agreement import compare

    chosen = recipe.load(name)
    loaded = splits.training(data, chosen)
    heads = targets.head_sizes(loaded.train, chosen)
    parent = chosen.model.build(heads, dropout=False, seed=chosen.seed)
    weights.load(parent, zoo.find(name).weights)
    if chosen.quantize is None or loaded.val is None:
        raise InputError(f"recipe {name} has no [quantize] section, or {data} has no val split")
    right = targets.classes(loaded.val, HEAD)
    with TemporaryDirectory() as folder:
        compared = Comparison(chosen, chosen.quantize, loaded, loaded.val, parent, Path(folder))
        of_parent = compared.answers(parent, "float32")

        def row(what: str, found: NDArray[np.float32]) -> None:
            agreement = compare(found, of_parent)
            agrees = 1 - agreement.disagreements / agreement.n
            top1 = np.mean(found.argmax(1) == right)
            typer.echo(f"| {what} | {top1:.2%} | {agrees:.2%} | {agreement.mean_difference:.4f} |")

        typer.echo(f"| {len(right)} images of val | top-1 | class of the float file | difference |")
        typer.echo("|---|---|---|---|")
        row("float32", of_parent)
        row("ptq", compared.answers(parent, "ptq"))
        for count in sorted({0, images}):
            # Before the first step, moving_average and minmax have the same ranges.
            for ranges in RANGE_METHODS:
                if count == 0 and ranges == "moving_average":
                    continue
                model = compared.quantized(ranges, count, batch)
                row(f"{ranges}, {count // batch} steps", compared.answers(model, "int8"))


if __name__ == "__main__":
    app()
