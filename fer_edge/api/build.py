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
    """A finished training run.

    Attributes:
        out: folder of the run.
        weights: `.npz` with the weights of the selected epoch.
        history: one row per epoch: losses and metrics by name.
        best: row of the selected epoch.
        models: exported `.tflite` files, float32 first; empty if only the float net was trained.
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

    Stages that are already done are skipped: the same call resumes an interrupted run.

    Args:
        recipe: name of a recipe or path of a `.toml`; if None, "demo", or "finetune" with `init`.
        data: prepared `.npz`, or any source that `fer-edge data prepare` reads; synthetic faces if
            None.
        out: folder of the run; `runs/RECIPE` if None.
        init: start from the weights of `zoo:NAME` or of the run in this folder.
        teacher: folder of a teacher's run, or `zoo:teacher`; for recipes with a teacher.
        overrides: values that replace those of the recipe, as `section.key=value`.
        stages: "train" stops after the float net.

    Raises:
        InputError: invalid recipe, data or option, or `out` holds another run.
        CheckFailedError: training diverged, or the int8 file differs from its float parent.

    Examples:
        >>> import fer_edge
        >>> run = fer_edge.train("demo", out="runs/demo")  # doctest: +SKIP
        >>> fer_edge.load(run.models[-1])  # doctest: +SKIP
    """
    from device.system.scratch_folder import scratch
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
    with scratch():
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
        model: a Keras model that maps gray pixels, [n, 48, 48, 1], to one score per label (logits
            or softmax); or a float32 `.tflite` of fer-edge, as a path or `zoo:NAME/FILE`.
        out: the `.tflite` to write.
        images: calibration faces, uint8 [n, 48, 48], gray, at least 100.
        labels: class names in the order of the output; required for a Keras model.
        mean: mean of the input normalization (pixel - mean) / std of a Keras model, a whole number
            0..255; (0, 255) is the usual division by 255.
        std: standard deviation of that normalization, above 0.
        std: see `mean`, above 0.
        method: range estimator; only for a `.tflite`.
        keep_float: names of layers to keep in float; only for a `.tflite`.
        python: Python interpreter of an environment with LiteRT's quantizer; only for a `.tflite`.

    Raises:
        InputError: invalid model, images or labels.
        CheckFailedError: the converter rejects the model.

    Examples:
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
        raise InputError(f"quantize: {type(model).__name__} is neither a Keras model nor a path")
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
    blend: float = 0.0,
    prior: str = "none",
    prior_exponent: float = 1.0,
    force: bool = False,
) -> "Deployed":
    """Write a finished model with another input and output, for Android, MediaPipe or C.

    Args:
        source: `zoo:NAME`, a run's folder, a folder of model files, or a model file.
        out: file to write, or a folder; the working folder if None.
        head: head of a zoo model or run, "fer2013" or "ferplus"; "fer2013" if None.
        precision: precision of a zoo model or run; "int8" if None.
        io: dtype of input and output; if None, "uint8", or "int8" for a C array.
        color: color format of the input; if None, "rgb", or "gray" for a C array.
        form: "tflite", or "c" for a C array with its header.
        blend: weight of the logits of the net's other head, 0..1, whose file stands beside the
            exported one.
        prior: class prior to predict for: "none" (the training's), "uniform" or the path of a JSON
            file of label to share.
        prior_exponent: power of the exchange of priors, 0..1.
        force: whether to replace existing files.

    Raises:
        InputError: no such model or other head, or a file would be overwritten.

    Examples:
        >>> import fer_edge
        >>> fer_edge.export("zoo:nano", "expression.tflite").files  # doctest: +SKIP
        (PosixPath('expression.tflite'),)
    """
    from fer_edge import deploy
    from fer_edge.reweighting import Reweighting

    is_c = form == "c"
    return deploy.deploy(
        deploy.find(os.fspath(source), head, precision),
        None if out is None else Path(out),
        io=io or ("int8" if is_c else "uint8"),
        color=color or ("gray" if is_c else "rgb"),
        form=form,
        change=Reweighting(blend, prior, prior_exponent),
        force=force,
    )
