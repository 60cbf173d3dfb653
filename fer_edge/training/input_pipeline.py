"""Training data as tf.data: what an epoch shuffles and how a step augments follow from the seed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.recipe import Augment
from fer_edge.training.distillation import SoftTargets


def full_side(_: int) -> int:
    """The side of every epoch where pictures are not made smaller."""
    return 48


@dataclass(frozen=True)
class LabeledImages:
    """Images with a target distribution per head.

    Attributes:
        images: uint8 `[n, 48, 48]`.
        targets: per head float32 `[n, labels]`; a row of zeros has no target for that head.
        classes: per head int16 `[n]`, what counts as right in an evaluation; -1 is left out.
    """

    images: NDArray[np.uint8]
    targets: dict[str, NDArray[np.float32]]
    classes: dict[str, NDArray[np.int16]]

    def __len__(self) -> int:
        return len(self.images)


def training(
    data: LabeledImages,
    *,
    batch: int,
    seed: int,
    epochs: range,
    augment: Augment,
    normalization: tuple[float, float],
    side: Callable[[int], int] = full_side,
    soft_targets: SoftTargets | None = None,
) -> Any:
    """A tf.data set of one data set per epoch.

    The order of epoch `e` is a shuffle seeded by `(seed, e)`, the changes of its step `i` are
    seeded by both; nothing else is random. A run that resumes at epoch `e` therefore sees what an
    undisturbed run sees. The last images that do not fill a batch wait for another epoch. Where a
    teacher answered a number of such epochs beforehand, those are what all epochs repeat.

    Args:
        data: the training split.
        batch: images a step.
        seed: of the run.
        epochs: the epochs to yield, for example `range(3, 40)` for a run resumed at 3.
        augment: the recipe's changes.
        normalization: mean and standard deviation; the net sees (pixel - mean) / std.
        side: of the pictures of an epoch.
        soft_targets: a teacher's cached probabilities, blended into the targets.

    Returns:
        Per epoch, a data set of (float32 `[batch, side, side, 1]`, tuple of float32
        `[batch, labels]`).
    """
    import tensorflow as tf

    from fer_edge.data.augment import augment as change

    mean, std = normalization
    images = tf.constant(data.images)
    targets = [tf.constant(target) for target in data.targets.values()]
    steps = len(data) // batch

    def one_epoch(epoch: int) -> Any:
        shown = soft_targets.cached_epoch(epoch) if soft_targets else epoch
        probabilities: Any = soft_targets.tensor(shown) if soft_targets else None

        def step(i: Any, rows: Any) -> Any:
            pixels = tf.cast(tf.gather(images, rows), tf.float32)[..., None]
            # Streams of one step lie 16 apart, so that no two draws share a seed.
            changes = tf.stack([tf.constant(seed * 1_000_003 + shown, tf.int64), i * 16])
            pixels = change(pixels, changes, augment, side=side(epoch))
            chosen = [tf.gather(target, rows) for target in targets]
            if soft_targets:
                chosen = soft_targets.mix(chosen, probabilities[i * batch : (i + 1) * batch])
            return (pixels - mean) / std, tuple(chosen)

        order = tf.random.experimental.stateless_shuffle(
            tf.range(len(data), dtype=tf.int64), tf.constant([seed, shown], tf.int64)
        )
        rows = tf.data.Dataset.from_tensor_slices(order).batch(batch, drop_remainder=True)
        numbered = rows.take(steps).enumerate()
        return numbered.map(step, num_parallel_calls=2, deterministic=True).prefetch(4)

    # One concrete data set an epoch: the caller sees where epochs end.
    return (one_epoch(epoch) for epoch in epochs)


def evaluation(data: LabeledImages, *, normalization: tuple[float, float], batch: int = 256) -> Any:
    """A tf.data set of the plain images, in order: float32 `[<= batch, 48, 48, 1]`."""
    import tensorflow as tf

    mean, std = normalization
    return (
        tf.data.Dataset.from_tensor_slices(data.images)
        .batch(batch)
        .map(lambda x: (tf.cast(x, tf.float32)[..., None] - mean) / std, num_parallel_calls=2)
        .prefetch(2)
    )
