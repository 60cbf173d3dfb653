"""Training, quantization and export from Python."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from fer_edge import zoo
from quantization.range_method import RangeMethod
from quantization.tflite.io_types import IO, Color

if TYPE_CHECKING:
    from fer_edge.deploy import Deployed
    from quantization.ptq.quantize import Quantized

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class TrainingRun:
    """A finished training.

    Attributes:
        out: folder of the run.
        weights: `.npz` with the weights of the selected epoch.
        history: one row for each epoch: losses and metrics by name.
        best: the row of the selected epoch.
        models: the exported `.tflite` files, float32 first; empty if only the float net was
            trained.
    """

    out: Path
    weights: Path
    history: list[dict[str, float]]
    best: dict[str, float]
    models: list[Path]


def train(
    recipe: str | None = None,
    data: PathLike | None = None,
    out: PathLike | None = None,
    *,
    init: str | None = None,
    teacher: str | None = None,
    overrides: Sequence[str] = (),
    stages: Literal["train", "all"] = "all",
) -> TrainingRun:
    """Train a recipe, and compress, convert, verify and benchmark the result.

    What is done already is not done again: the same call resumes an interrupted run.

    Args:
        recipe: name of a recipe or path of a `.toml`; "demo", or "finetune" with `init`, if None.
        data: a prepared `.npz`, or anything that `fer-edge data prepare` reads; generated faces if
            None.
        out: folder of the run; `runs/RECIPE` if None.
        init: start from the weights of `zoo:NAME` or of the run in this folder.
        teacher: folder of a teacher's run, or `zoo:teacher`; for recipes with a teacher.
        overrides: other values for the recipe, as `section.key=value`.
        stages: "train" stops after the float net.

    Raises:
        InputError: wrong recipe, data or option, or `out` holds another run.
        CheckFailedError: training diverged, or the int8 file differs from its float parent.

    Example:
        >>> import fer_edge
        >>> run = fer_edge.train("demo", out="runs/demo")  # doctest: +SKIP
        >>> fer_edge.load(run.models[-1])  # doctest: +SKIP
    """
    from fer_edge.pipeline import pipeline
    from fer_edge.pipeline.compose import compose
    from fer_edge.pipeline.run import model_files
    from fer_edge.training import history

    run = compose(
        recipe,
        [] if data is None else [Path(data)],
        None if out is None else Path(out),
        overrides=overrides,
        teacher=teacher,
        init=init,
    )
    for _ in pipeline.run(run, until="train" if stages == "train" else None):
        pass
    trained = run.folder("train")
    rows = history.load(trained / "history.csv")
    return TrainingRun(run.out, trained / "weights.npz", rows, history.best(rows), model_files(run))


def quantize(
    model: Any,
    out: PathLike,
    images: npt.NDArray[np.uint8],
    *,
    labels: Sequence[str] | None = None,
    mean: float = 0.0,
    std: float = 1.0,
    method: RangeMethod = "minmax",
    keep_float: Sequence[str] = (),
    python: PathLike | None = None,
) -> "Quantized":
    """Quantize a float model to int8 by calibration, without training.

    Args:
        model: a Keras model, of fer-edge or of anybody, that takes [n, 48, 48, 1] gray pixels and
            gives one score for each label (logits, or a softmax); or a float32 `.tflite` of
            fer-edge, as a path or `zoo:NAME/FILE`.
        out: the `.tflite` to write.
        images: uint8 [n, 48, 48], at least 100 gray faces that calibrate the ranges.
        labels: names of the classes in the order of the output; needed for a Keras model.
        mean: the Keras model takes (pixel - mean) / std, a whole number 0..255; (0, 255) is the
            usual division by 255.
        std: see `mean`, above 0.
        method: range estimator; only for a `.tflite`.
        keep_float: names of layers that stay float; only for a `.tflite`.
        python: interpreter of an environment with LiteRT's quantizer; only for a `.tflite`.

    Raises:
        InputError: wrong model, images or labels.
        CheckFailedError: the converter refuses the model.

    Example:
        >>> import fer_edge
        >>> fer_edge.quantize(
        ...     keras_model, "mine_int8.tflite", faces, labels=["no", "yes"], std=255
        ... )  # doctest: +SKIP
    """
    if isinstance(model, str | os.PathLike):
        from quantization.ptq.quantize import quantize as quantize_file

        return quantize_file(
            zoo.resolve(os.fspath(model)),
            Path(out),
            images,
            method=method,
            keep_float=keep_float,
            python=None if python is None else Path(python),
        )
    return _quantize_keras(model, Path(out), images, labels, mean, std)


def _quantize_keras(
    model: Any,
    out: Path,
    images: npt.NDArray[np.uint8],
    labels: Sequence[str] | None,
    mean: float,
    std: float,
) -> "Quantized":
    import tensorflow as tf

    from quantization.keras_layers import heads, logits
    from quantization.normalization import Normalization
    from quantization.ptq.quantize import Quantized
    from quantization.tflite.convert import to_tflite

    if labels is None:
        raise InputError("quantize: give the labels of a Keras model, in the order of its output")
    if not hasattr(model, "layers") or not hasattr(model, "outputs"):
        raise InputError(f"quantize: {type(model).__name__} is no Keras model and no path")
    net = logits(model)
    to_tflite(
        net,
        out,
        head=heads(net)[0],
        labels=labels,
        precision="ptq",
        normalization=Normalization(mean, std),
        calibration=images,
    )
    return Quantized(out, out.stat().st_size, (), f"TensorFlow Lite converter {tf.__version__}")


def export(
    source: PathLike = "zoo:base",
    out: PathLike | None = None,
    *,
    head: str | None = None,
    precision: str | None = None,
    io: IO | None = None,
    color: Color | None = None,
    form: Literal["tflite", "c"] = "tflite",
    force: bool = False,
) -> "Deployed":
    """Write a finished model with another input and output, for Android, MediaPipe or in C.

    Args:
        source: `zoo:NAME`, a run's folder, a folder of model files, or a model file.
        out: file to write, or a folder; the working folder if None.
        head: which head of a zoo model or run: "fer2013" or "ferplus".
        precision: which precision of a zoo model or run, "int8" if None.
        io: dtype of input and output; "uint8", or "int8" for a C array, if None.
        color: of the input; "rgb", or "gray" for a C array, if None.
        form: "tflite", or "c" for a C array with its header.
        force: whether files that stand there already are replaced.

    Raises:
        InputError: no such model, or a file would be overwritten.

    Example:
        >>> import fer_edge
        >>> fer_edge.export("zoo:nano", "expression.tflite").files  # doctest: +SKIP
        (PosixPath('expression.tflite'),)
    """
    from fer_edge import deploy

    is_c = form == "c"
    return deploy.deploy(
        deploy.find(os.fspath(source), head, precision),
        None if out is None else Path(out),
        io=io or ("int8" if is_c else "uint8"),
        color=color or ("gray" if is_c else "rgb"),
        form=form,
        force=force,
    )
