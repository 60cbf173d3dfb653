r"""Compares a temporal head with a 3D convolution over 16 frames, for docs/temporal.md.

    fer-edge temporal fer2013.npz --model zoo:base --out RUN
    python -m fer_edge.release.figures.temporal_convolution --data fer2013.npz \
        --model zoo:base --run RUN

The convolution sees the pixels of the face in the last 16 frames and nothing of the classifier. It
is trained on the faces that the sequences of the run are simulated from, and evaluated on the same
sequences of test.
"""

import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from device.errors import InputError
from device.geometry import FACE_SIZE
from device.model.classifier import Classifier
from device.model.stateful import softmax
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.modalities.temporal import evaluate, pipeline, sequences, stills
from fer_edge.modalities.temporal.recipe import TemporalRecipe
from fer_edge.modalities.temporal.sequences import Sequences
from fer_edge.modalities.temporal.stills import Stills
from fer_edge.release.command import one_line

FRAMES = 16
"""Frames that the convolution sees; before them the first one is repeated."""

FILTERS = (16, 32, 64, 96)
"""Output channels; every layer halves height and width, all but the first one the time, too."""

_BATCH = 64
_SEGMENTS = 2  # most photographs in a window of training


def build(labels: int) -> Any:
    """Build the 3D convolution.

    Args:
        labels: number of classes.

    Returns:
        A `tf_keras.Model` from frames [batch, FRAMES, 48, 48, 1], values 0..255, to logits of the
        last frame [batch, labels].
    """
    from tf_keras import Input, Sequential, layers

    model = Sequential(
        [Input((FRAMES, FACE_SIZE, FACE_SIZE, 1)), layers.Rescaling(1 / 64, offset=-2.0)]
    )
    for index, filters in enumerate(FILTERS):
        stride = (2 if index else 1, 2, 2)
        model.add(layers.Conv3D(filters, 3, stride, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.97))
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling3D())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(labels, name="logits"))
    return model


def multiply_adds(model: Any) -> int:
    """Return the multiply-adds of one inference."""
    total = 0
    for layer in model.layers:
        if layer.name.startswith("conv3d"):
            total += prod(layer.output_shape[1:-1]) * prod(layer.kernel.shape)
    return total + prod(model.get_layer("logits").kernel.shape)


def train(
    data: Stills, recipe: TemporalRecipe, labels: int, epochs: int, report: Callable[[str], None]
) -> Any:
    """Train the convolution on windows simulated from the training faces, one a face and epoch.

    Args:
        data: faces.
        recipe: recipe of the sequences: severity, frame rates, dropped frames.
        labels: number of classes.
        epochs: number of epochs.
        report: callback for progress lines.

    Returns:
        The trained model.
    """
    from tf_keras import losses, optimizers, utils

    utils.set_random_seed(recipe.seed)
    rows = data.rows("train")
    steps = max(1, len(rows) // _BATCH)
    model = build(labels)
    model.compile(
        optimizers.AdamW(optimizers.schedules.CosineDecay(2e-3, epochs * steps), weight_decay=0.01),
        losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    )
    options = recipe.simulation.model_copy(update={"frames": FRAMES, "segments": _SEGMENTS})
    random = np.random.default_rng([recipe.seed, FRAMES])
    targets = np.eye(labels, dtype=np.float32)
    for epoch in range(1, epochs + 1):
        losses_of_steps = []
        for _ in range(steps):
            windows = [data.track(rows, options, random) for _ in range(_BATCH)]
            images = np.stack([window.images for window in windows])[..., np.newaxis]
            classes = [window.classes[-1] for window in windows]
            losses_of_steps.append(model.train_on_batch(images, targets[classes]))
        report(f"epoch {epoch}/{epochs}, loss {np.mean(losses_of_steps):.3f}")
    return model


def classify(
    model: Any, data: Stills, split: str, recipe: TemporalRecipe, known: Sequences, labels: int
) -> NDArray[np.float32]:
    """Classify every frame of the sequences of a split by the window that ends with it.

    Returns:
        Probabilities, float32 [n, frames, labels], in the order of `known`.
    """
    found = np.full((*known.classes.shape, labels), 1 / labels, np.float32)
    names = data.faces.label_names
    for row, track in enumerate(stills.tracks(data, split, recipe, names)):
        length = len(track.times)
        window = np.arange(length)[:, np.newaxis] + np.arange(1 - FRAMES, 1)
        images = track.images[np.maximum(window, 0)][..., np.newaxis]
        found[row, :length] = softmax(model.predict_on_batch(images))
    return found


def float_bytes(model: Any) -> int:
    """Return the size of the model as float32 `.tflite`: LiteRT has no int8 3D convolution."""
    import tensorflow as tf

    return len(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def main(
    data: Annotated[Path, typer.Option(help="Data file of the run.")],
    model: Annotated[str, typer.Option(help="Model of the run.")],
    run: Annotated[Path, typer.Option(help="Folder of a finished run of fer-edge temporal.")],
    epochs: Annotated[int, typer.Option(help="Epochs of the convolution.")] = 8,
    out: Annotated[Path, typer.Option(help="JSON file of the figures.")] = Path(
        "docs/figures/temporal.json"
    ),
) -> None:
    """Train the convolution, compare and write the figures."""
    from fer_edge.training.load_tensorflow import load_tensorflow

    with one_line("temporal_convolution"):
        load_tensorflow()
        card = json.loads((run / pipeline.MODEL).with_suffix(".card.json").read_text())
        recipe = TemporalRecipe.model_validate(card["recipe"])
        classifier = Classifier(zoo.resolve(model))
        faces = stills.load(data, classifier)
        if faces.faces.digest != card["data"]["digest"]:
            raise InputError(f"{data} is not the data of {run}: give the file that it was made of")
        labels = len(classifier.labels)
        net = train(faces, recipe, labels, epochs, typer.echo)
        test = sequences.load(run / "sequences" / "test.npz")
        seconds = card["metrics"]["time_constants"]["smoothing"]
        answers = classify(net, faces, "test", recipe, test, labels)
        evaluation = pipeline.compare(
            test, classifier.labels, run / pipeline.MODEL, seconds, {"convolution_3d": answers}
        )
        figures = {
            "schema_version": "1.0",
            "model": model,
            "data": faces.faces.digest,
            "simulation": recipe.simulation.model_dump(mode="json"),
            "bytes": card["bytes"],
            **evaluation,
            "convolution_3d": {
                "epochs": epochs,
                "multiply_adds": multiply_adds(net),
                "float32_bytes": float_bytes(net),
            },
            "convolution_3d_minus_smoothing": evaluate.difference(
                answers, evaluate.smoothed(test, seconds), test
            ),
        }
        with replacing(out) as partial:
            partial.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
