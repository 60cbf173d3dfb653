"""The speech model: three convolutions over log-mel frames, a dense layer, a GRU, and logits.

Each convolution halves time and frequency, so the GRU runs once per eight frames. The convolutions
see `CONTEXT` frames of the past and none of the future, so step-by-step inference gives the same
result as inference over the whole utterance.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.modalities.audio.classifier import CONTEXT, SILENCE
from device.modalities.audio.features import BANDS
from fer_edge.modalities.audio.recipe import Net

STRIDE = 8
"""Frames per step of the GRU."""


def build(options: Net, labels: int, dropout: float) -> Any:
    """Build the Keras model.

    Args:
        options: layer sizes.
        labels: number of classes.
        dropout: dropout rate in training.

    Returns:
        A `tf_keras.Model` from frames [batch, CONTEXT + n, BANDS, 1], n a multiple of `STRIDE`, to
        logits [batch, n / STRIDE, labels]. The export accesses its layers `features`, `gru` and
        `logits` by name. All layers have names, because Keras counts unnamed ones over a process,
        and the names are in the file.
    """
    from tf_keras import Input, Model, Sequential, layers

    features = Sequential(name="features")
    features.add(Input((None, BANDS, 1)))
    for index, filters in enumerate(options.filters):
        height = 5 if index == 0 else 3
        features.add(layers.ZeroPadding2D(((0, 0), (height // 2, height // 2)), name=f"pad{index}"))
        features.add(
            layers.Conv2D(
                filters,
                (3, height),
                2,
                use_bias=False,
                kernel_initializer="he_normal",
                name=f"conv{index}",
            )
        )
        features.add(layers.BatchNormalization(momentum=0.9, name=f"bn{index}"))
        features.add(layers.ReLU(name=f"relu{index}"))
    features.add(layers.Reshape((-1, BANDS // STRIDE * options.filters[-1]), name="steps"))
    features.add(layers.Dropout(dropout, name="dropout"))
    features.add(layers.Dense(options.embedding, use_bias=False, name="embedding"))
    features.add(layers.BatchNormalization(momentum=0.9, name="embedding_bn"))
    features.add(layers.ReLU(name="embedding_relu"))

    frames = Input((None, BANDS, 1), name="frames")
    embedded = features(frames)
    inner = layers.Dropout(dropout, name="inner")(embedded)
    remembered = layers.GRU(options.units, return_sequences=True, reset_after=False, name="gru")(
        inner
    )
    both = layers.Concatenate(name="both")([inner, remembered])
    both = layers.Dropout(dropout, name="both_dropout")(both)
    return Model(frames, layers.Dense(labels, name="logits")(both), name="audio")


def pack(
    recordings: list[NDArray[np.float32]], frames: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pack recordings of different lengths into one batch.

    Args:
        recordings: scaled float32 [n, BANDS] each; longer ones than `frames` are cropped.
        frames: length of the batch, rounded up to a multiple of `STRIDE`.

    Returns:
        The frames, float32 [batch, CONTEXT + length, BANDS, 1], padded with silence on both sides,
        and the weight of each GRU step in the mean logits of its recording,
        float32 [batch, length / STRIDE].
    """
    steps = -(-frames // STRIDE)
    shape = (len(recordings), CONTEXT + steps * STRIDE, BANDS, 1)
    batch = np.full(shape, SILENCE, np.float32)
    shares = np.zeros((len(recordings), steps), np.float32)
    for row, recording in enumerate(recordings):
        length = min(len(recording), steps * STRIDE)
        batch[row, CONTEXT : CONTEXT + length, :, 0] = recording[:length]
        shares[row, : max(1, length // STRIDE)] = 1
    return batch, shares / shares.sum(axis=1, keepdims=True)
