"""Training data as tf.data; shuffling and augmentation follow from the seed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.recipe import Augment
from fer_edge.training.distillation import SoftTargets


def full_side(_: int) -> int:
    """Image side of every epoch without progressive resizing: 48."""
    return 48


@dataclass(frozen=True)
class LabeledImages:
    """Images with a target distribution per head.

    Attributes:
        images: uint8 `[n, 48, 48]`.
        targets: per head float32 `[n, labels]`; a row of zeros has no target for that head.
        classes: per head int16 `[n]`, correct class for an evaluation; -1 is left out.
    """

    images: NDArray[np.uint8]
    targets: dict[str, NDArray[np.float32]]
    classes: dict[str, NDArray[np.int16]]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Source:
    """Images of a further data set that make a share of every batch.

    Attributes:
        name: name of the source.
        data: its training images.
        share: share of a batch, 0..1.
        chances: float64 `[n]`, sampling probabilities, with replacement; their sum is 1.
        trust: weight of the source's own target where there is a teacher, 0..1. A head without a
            target follows the teacher alone.
        weight: weight of its images in the loss.
    """

    name: str
    data: LabeledImages
    share: float
    chances: NDArray[np.float64]
    trust: float = 1.0
    weight: float = 1.0

    def of_batch(self, batch: int) -> int:
        """Number of images of this source in a batch; at least one."""
        return max(1, round(batch * self.share))


@dataclass(frozen=True)
class Mixture:
    """The images of an epoch: each of the first set once, and those of the sources beside them.

    Attributes:
        first: the set whose size says how long an epoch is.
        batch: images a step, of all sets.
        sources: the other sets.
    """

    first: LabeledImages
    batch: int
    sources: tuple[Source, ...] = ()

    @property
    def own(self) -> int:
        """Images of the first set in a batch."""
        return self.batch - sum(source.of_batch(self.batch) for source in self.sources)

    @property
    def steps(self) -> int:
        """Whole batches of an epoch."""
        return len(self.first) // self.own

    def rows(self, shuffled: Any, seed: tuple[int, int]) -> Any:
        """Which images each step shows, numbered through the sets in order.

        Args:
            shuffled: int64 `[n]`, the rows of the first set in the order of the epoch.
            seed: of the draws from the sources.

        Returns:
            int64 `[steps, batch]`.
        """
        import tensorflow as tf

        parts = [tf.reshape(shuffled[: self.steps * self.own], (self.steps, self.own))]
        before = len(self.first)
        for number, source in enumerate(self.sources):
            rng = np.random.default_rng((*seed, number))
            shape = (self.steps, source.of_batch(self.batch))
            drawn = rng.choice(len(source.data), shape, p=source.chances)
            parts.append(tf.constant(before + drawn, tf.int64))
            before += len(source.data)
        return tf.concat(parts, axis=1)

    @property
    def images(self) -> NDArray[np.uint8]:
        """Of all sets, one after another."""
        return np.concatenate([part.images for part in self._parts])

    def targets(self, head: str) -> NDArray[np.float32]:
        """Of all sets, one after another: float32 `[n, labels]`."""
        return np.concatenate([part.targets[head] for part in self._parts])

    @property
    def _parts(self) -> list[LabeledImages]:
        return [self.first, *(source.data for source in self.sources)]

    def each(self, first: float, value: Callable[[Source], float]) -> NDArray[np.float32]:
        """One number for each image, the same within a set: float32 `[n]`."""
        parts = [np.full(len(source.data), value(source)) for source in self.sources]
        return np.concatenate([np.full(len(self.first), first), *parts]).astype(np.float32)


def training(
    data: Mixture,
    *,
    seed: int,
    epochs: range,
    augment: Augment,
    normalization: tuple[float, float],
    side: Callable[[int], int] = full_side,
    soft_targets: SoftTargets | None = None,
) -> Any:
    """A tf.data set of one data set per epoch.

    The order of epoch `e` is a shuffle seeded by `(seed, e)`, and the augmentation of its step `i`
    is seeded by these and `i`; nothing else is random, so a run resumed at epoch `e` sees the same
    images as an undisturbed one. The last images that do not fill a batch are left out. With
    cached soft targets, the cached epochs are repeated.

    Args:
        data: training images and batch size.
        seed: RNG seed of the run.
        epochs: the epochs to yield, for example `range(3, 40)` for a run resumed at 3.
        augment: the recipe's augmentation.
        normalization: mean and standard deviation; the net sees (pixel - mean) / std.
        side: image side in pixels by epoch.
        soft_targets: a teacher's cached probabilities, blended into the targets.

    Returns:
        Per epoch, a data set of (float32 `[batch, side, side, 1]`, tuple of float32
        `[batch, labels]`).
    """
    import tensorflow as tf

    from fer_edge.data.augment import augment as change

    mean, std = normalization
    images = tf.constant(data.images)
    targets = [tf.constant(data.targets(head)) for head in data.first.targets]
    weights = tf.constant(data.each(1.0, lambda source: source.weight))
    trust = tf.constant(data.each(-1.0, lambda source: source.trust))
    batch = data.batch

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
                taught = probabilities[i * batch : (i + 1) * batch]
                chosen = soft_targets.mix(chosen, taught, tf.gather(trust, rows))
            if data.sources:
                weight = tf.gather(weights, rows)[:, None]
                chosen = [weight * target for target in chosen]
            return (pixels - mean) / std, tuple(chosen)

        order = tf.random.experimental.stateless_shuffle(
            tf.range(len(data.first), dtype=tf.int64), tf.constant([seed, shown], tf.int64)
        )
        rows = tf.data.Dataset.from_tensor_slices(data.rows(order, (seed, shown)))
        return rows.enumerate().map(step, num_parallel_calls=2, deterministic=True).prefetch(4)

    # One data set per epoch, so that the caller sees where epochs end.
    return (one_epoch(epoch) for epoch in epochs)


def evaluation(data: LabeledImages, *, normalization: tuple[float, float], batch: int = 256) -> Any:
    """A tf.data set of the images as they are, in order: float32 `[<= batch, 48, 48, 1]`."""
    import tensorflow as tf

    mean, std = normalization
    return (
        tf.data.Dataset.from_tensor_slices(data.images)
        .batch(batch)
        .map(lambda x: (tf.cast(x, tf.float32)[..., None] - mean) / std, num_parallel_calls=2)
        .prefetch(2)
    )
