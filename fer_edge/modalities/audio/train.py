"""Training of the speech model with a loss on the mean logits of each recording."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.modalities.audio import net
from fer_edge.modalities.audio.augment import augment
from fer_edge.modalities.audio.recipe import AudioRecipe

_WARM_UP = 3  # epochs


def train(
    recipe: AudioRecipe,
    frames: Sequence[NDArray[np.float32]],
    classes: NDArray[np.int64],
    labels: int,
    epoch_done: Callable[[int, float], None] = lambda epoch, loss: None,
) -> Any:
    """Train a model from scratch.

    Args:
        recipe: training recipe.
        frames: scaled float32 [n, BANDS] of each recording.
        classes: int64 [recordings].
        labels: number of classes.
        epoch_done: callback with the epoch, from 1, and its mean loss.

    Returns:
        The Keras model of `net.build` after the last epoch.
    """
    import tensorflow as tf
    from tf_keras import optimizers, utils

    options = recipe.train
    utils.set_random_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    model = net.build(recipe.net, labels, options.dropout)
    steps = max(1, len(frames) // options.batch_size)
    warm_up = min(_WARM_UP, options.epochs - 1) * steps
    rate = optimizers.schedules.CosineDecay(
        options.learning_rate * 0.05 if warm_up else options.learning_rate,
        options.epochs * steps - warm_up,
        warmup_target=options.learning_rate if warm_up else None,
        warmup_steps=warm_up,
    )
    optimizer = optimizers.AdamW(rate, weight_decay=options.weight_decay)
    targets = np.eye(labels, dtype=np.float32) * (1 - options.label_smoothing)
    targets += options.label_smoothing / labels
    weights = class_weights(classes, labels)

    @tf.function(reduce_retracing=True)
    def step(batch: Any, shares: Any, target: Any, weight: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(batch, training=True)
            mean = tf.reduce_sum(logits * shares[:, :, tf.newaxis], 1)
            each = tf.nn.softmax_cross_entropy_with_logits(target, mean)
            loss = tf.reduce_mean(weight * each)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    for epoch in range(1, options.epochs + 1):
        order, losses = random.permutation(len(frames)), []
        for chosen in np.array_split(order, steps):
            drawn = [_crop(augment(frames[i], recipe.augment, random), random, options.frames)
                     for i in chosen]  # fmt: skip
            batch, shares = net.pack(drawn, options.frames)
            target, weight = targets[classes[chosen]], weights[classes[chosen]]
            losses.append(float(step(batch, shares, target, weight)))
        epoch_done(epoch, float(np.mean(losses)))
    return model


def class_weights(classes: NDArray[np.int64], labels: int) -> NDArray[np.float32]:
    """Return class weights, float32 [labels]: root of the mean frequency over the class frequency.

    A class without recordings has weight 1.
    """
    counts = np.bincount(classes, minlength=labels).astype(np.float64)
    mean = counts[counts > 0].mean()
    return np.sqrt(mean / np.where(counts > 0, counts, mean)).astype(np.float32)


def _crop(
    frames: NDArray[np.float32], random: np.random.Generator, length: int
) -> NDArray[np.float32]:
    first = int(random.integers(0, max(0, len(frames) - length) + 1))
    return frames[first : first + length]
