"""Compares the range estimators of int8 quantization on a shipped net, on the val split.

    python -m fer_edge.release.compare_ranges base --data fer2013.npz --images 8192 --batch 32

The float net becomes an int8 file by each estimator: after calibration alone, then after one epoch
of quantization-aware training on `--images` training images, with BatchNorm frozen throughout and
otherwise by the recipe's `[quantize]`. All figures are those of the `.tflite` files.
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
from fer_edge.training.input_pipeline import Mixture
from fer_edge.training.load_tensorflow import load_tensorflow
from fer_edge.training.trainer import Hooks, Job

if TYPE_CHECKING:
    from quantization.range_method import RangeMethod

HEAD = "fer2013"


@dataclass(frozen=True)
class Comparison:
    """What all estimators have in common.

    Attributes:
        recipe: recipe of the net.
        section: its `[quantize]` section.
        data: training and val images.
        val: val images.
        parent: the float net.
        folder: folder for temporary files.
    """

    recipe: Recipe
    section: Quantize
    data: splits.TrainingData
    val: Dataset
    parent: Any
    folder: Path

    def quantized(self, ranges: "RangeMethod", images: int, batch: int) -> Any:
        """The quantization-aware net, calibrated, and trained on `images` images."""
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
        """Probabilities of the model's file on the val split, float32 `[n, labels]`."""
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
        """Normalization of the net's input."""
        from quantization.normalization import Normalization

        return Normalization(*self.recipe.model.normalization)


app = typer.Typer(help="Compare the range estimators of int8 on a shipped net.")


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="Of the shipped net and of its recipe.")],
    data: Annotated[Path, typer.Option(help="A .npz of `data prepare`.")],
    images: Annotated[int, typer.Option(min=0, help="That train; 0: calibration alone.")] = 8192,
    batch: Annotated[int, typer.Option(min=1, help="Images a step.")] = 32,
) -> None:
    """Print a row of a table for each file as soon as it is measured."""
    load_tensorflow()
    from quantization.range_method import RANGE_METHODS
    from quantization.verify.agreement import compare

    chosen = recipe.load(name)
    loaded = splits.training(data, chosen)
    heads = targets.head_sizes(loaded.train, chosen)
    parent = chosen.model.build(heads, dropout=False, seed=chosen.seed)
    weights.load(parent, zoo.find(name).weights)
    if chosen.quantize is None or loaded.val is None:
        raise InputError(f"recipe {name} has no [quantize] section, or {data} no val split")
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
            # Before the first step, what follows a moving average is what minmax found.
            for ranges in RANGE_METHODS:
                if count == 0 and ranges == "moving_average":
                    continue
                model = compared.quantized(ranges, count, batch)
                row(f"{ranges}, {count // batch} steps", compared.answers(model, "int8"))


if __name__ == "__main__":
    app()
