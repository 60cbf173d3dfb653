"""Expressions by geometry alone: a small dense net over landmarks without the head's pose."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.faces import points
from device.faces.landmarks import LandmarkModel
from device.model.runtime import build
from device.system.atomic_file import replacing
from fer_edge.modalities.landmarks import morphable
from fer_edge.modalities.landmarks.export import quantize
from fer_edge.modalities.landmarks.morphable import Morphable

UNITS = (96, 48)
"""Units of the hidden layers."""

_EPOCHS = 20
_BATCH = 128
_RATE = 2e-3
_DROPOUT = 0.3
_FARTHEST = 4.0  # standard deviations of a feature, beyond which it is cut
_CALIBRATION = 500  # training faces


def lift(
    images: NDArray[np.uint8], model: LandmarkModel, shape: Morphable
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Find the landmarks of faces, lift them to 3D and turn them to the front.

    Args:
        images: uint8 [n, side, side].
        model: model of landmarks.
        shape: morphable face.

    Returns:
        float32 [n, 68, 3], what each point differs from the mean face, 0 where no face fits; and
        whether one fits.
    """
    lifted = np.zeros((len(images), points.COUNT, 3), np.float32)
    fits = np.zeros(len(images), bool)
    for row, image in enumerate(images):
        marks = model(image)
        if model.pose(marks) is None:
            continue
        lifted[row] = morphable.fit(marks, shape).lifted - shape.mean
        fits[row] = True
    return lifted, fits


class Standard:
    """Scales features to standard deviations of the training faces."""

    def __init__(self, lifted: NDArray[np.float32]) -> None:
        flat = lifted.reshape(len(lifted), -1)
        self._mean, self._deviation = flat.mean(axis=0), flat.std(axis=0) + 1e-6

    def __call__(self, lifted: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of faces, float32 [n, 204], within ±4."""
        flat = lifted.reshape(len(lifted), -1)
        scaled = (flat - self._mean) / self._deviation
        return np.clip(scaled, -_FARTHEST, _FARTHEST).astype(np.float32)


def mirrored(lifted: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mirror images of lifted faces."""
    return lifted[:, points.MIRRORED] * np.array([-1, 1, 1], np.float32)


def train(
    lifted: NDArray[np.float32], labels: NDArray[np.integer], path: Path, seed: int = 0
) -> Standard:
    """Train the net and write it as int8 `.tflite`.

    Args:
        lifted: training faces, of `lift`.
        labels: their classes.
        path: file to write.
        seed: RNG seed.

    Returns:
        The scaling of its input.
    """
    from tf_keras import Input, Model, layers, losses, optimizers, utils

    utils.set_random_seed(seed)
    both = np.concatenate([lifted, mirrored(lifted)])
    standard = Standard(both)
    features = standard(both)
    x = given = Input((features.shape[1],), name="points")
    for units in UNITS:
        x = layers.Dropout(_DROPOUT)(layers.Dense(units, activation="relu")(x))
    net: Any = Model(given, layers.Dense(int(labels.max()) + 1)(x))
    steps = -(-len(features) // _BATCH) * _EPOCHS
    net.compile(
        optimizers.AdamW(optimizers.schedules.CosineDecay(_RATE, steps), weight_decay=1e-3),
        losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    net.fit(features, np.tile(labels, 2), _BATCH, _EPOCHS, verbose=0)
    chosen = np.random.default_rng(seed).permutation(len(features))[:_CALIBRATION]
    content = quantize(net, features[chosen], path.name)
    with replacing(path) as partial:
        partial.write_bytes(content)
    return standard


def classify(path: Path, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run a net's file: log-probabilities, float32 [n, labels]."""
    interpreter, (given,), (answer,), _ = build(path.read_bytes(), path)
    (scale, zero), (out_scale, out_zero) = given["quantization"], answer["quantization"]
    inputs = np.clip(np.rint(features / scale) + zero, -128, 127).astype(np.int8)
    logits = np.empty((len(features), answer["shape"][1]), np.float32)
    for row, face in enumerate(inputs):
        interpreter.set_tensor(given["index"], face[np.newaxis])
        interpreter.invoke()
        raw = interpreter.get_tensor(answer["index"])[0].astype(np.float32)
        logits[row] = (raw - out_zero) * out_scale
    logits -= logits.max(axis=1, keepdims=True)
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), np.float32)
