"""Trains the net on drawn faces, and on the five points of real ones where they are given."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.faces import points
from fer_edge.modalities.landmarks import net
from fer_edge.modalities.landmarks.augment import sample
from fer_edge.modalities.landmarks.faces import CROP, SIZE, DrawnFaces
from fer_edge.modalities.landmarks.real import RealFaces
from fer_edge.modalities.landmarks.recipe import LandmarkRecipe

_WARM_UP = 1  # epochs

Batch = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]


def train(
    recipe: LandmarkRecipe,
    drawn: DrawnFaces,
    real: RealFaces | None,
    shape: NDArray[np.float64],
    kept: Path,
    epoch_done: Callable[[int, float], None] = lambda epoch, loss: None,
) -> Any:
    """Train a new net.

    Args:
        recipe: every number of the training.
        drawn: drawn faces with all points.
        real: real faces with five points; None to learn from drawn ones alone.
        shape: mean face, [68, 3].
        kept: folder of the state after each epoch; a training that was interrupted continues.
        epoch_done: called with the epoch, from 1, and its mean error in sides of the crop.

    Returns:
        The Keras model of `net.build` after the last epoch.
    """
    import tensorflow as tf
    from tf_keras import optimizers, utils

    options = recipe.train
    utils.set_random_seed(recipe.seed)
    model = net.build(recipe.net)
    steps = max(1, len(drawn.images) // _of_drawn(recipe, real))
    rate = optimizers.schedules.CosineDecay(
        options.learning_rate * 0.05,
        max(1, (options.epochs - _WARM_UP) * steps),
        warmup_target=options.learning_rate,
        warmup_steps=_WARM_UP * steps,
    )
    optimizer = optimizers.AdamW(rate, weight_decay=options.weight_decay)
    mean = tf.constant(shape[:, :2], tf.float32)
    reduce = tf.constant(points.five(np.eye(points.COUNT)), tf.float32)  # [5, 68]

    @tf.function(reduce_retracing=True)
    def step(faces: Any, marks: Any, real_faces: Any, five: Any) -> Any:
        inputs = (tf.cast(tf.concat([faces, real_faces], 0), tf.float32) - 128) / 128
        with tf.GradientTape() as tape:
            found = model(inputs[..., tf.newaxis], training=True)
            found = tf.reshape(found, [-1, points.COUNT, 2]) + mean
            count = tf.shape(faces)[0]
            error = tf.reduce_mean(tf.abs(found[:count] - marks))
            seen = tf.einsum("pk,bkd->bpd", reduce, found[count:])
            # Where a detector is wrong by far, its points are no lesson: the loss is bounded.
            far = tf.abs(seen - five)
            bounded = tf.reduce_mean(tf.minimum(far, 0.1), [1, 2])
            other = tf.math.divide_no_nan(tf.reduce_sum(bounded), tf.cast(len(five), tf.float32))
            loss = error + other
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    done = tf.Variable(0, trainable=False)
    state = tf.train.Checkpoint(model=model, optimizer=optimizer, epoch=done)
    manager = tf.train.CheckpointManager(state, str(kept), max_to_keep=1)
    if manager.latest_checkpoint:
        state.restore(manager.latest_checkpoint).expect_partial()
    for epoch in range(int(done) + 1, options.epochs + 1):
        random = np.random.default_rng([recipe.seed, epoch])
        losses = [float(step(*batch)) for batch in _batches(recipe, drawn, real, random)]
        done.assign(epoch)
        manager.save()
        epoch_done(epoch, float(np.mean(losses)))
    return model


def _of_drawn(recipe: LandmarkRecipe, real: RealFaces | None) -> int:
    """Drawn faces of a batch."""
    share = recipe.train.pseudo if real is not None else 0.0
    return max(1, round(recipe.train.batch_size * (1 - share)))


def _batches(
    recipe: LandmarkRecipe,
    drawn: DrawnFaces,
    real: RealFaces | None,
    random: np.random.Generator,
) -> Iterator[Batch]:
    """One pass over the drawn faces."""
    batch = _of_drawn(recipe, real)
    marks = (drawn.points - (SIZE - 1) / 2) / np.float32(CROP)
    order = random.permutation(len(marks))
    for first in range(0, max(1, len(order) - batch + 1), batch):
        chosen = order[first : first + batch]
        faces, truths = _sampled(drawn.images, marks, CROP, chosen, recipe, random)
        if real is None:
            yield faces, truths, faces[:0], truths[:0, :5]
            continue
        others = random.integers(0, len(real.images), recipe.train.batch_size - batch)
        side = real.images.shape[1]
        yield faces, truths, *_sampled(real.images, real.points, side, others, recipe, random)


def _sampled(
    images: NDArray[np.uint8],
    marks: NDArray[np.float32],
    side: float,
    chosen: NDArray[np.integer],
    recipe: LandmarkRecipe,
    random: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    pairs = [
        sample(images[row], marks[row], side, recipe.net.size, recipe.augment, random)
        for row in chosen
    ]
    faces, moved = zip(*pairs, strict=True)
    return np.stack(faces), np.stack(moved)
