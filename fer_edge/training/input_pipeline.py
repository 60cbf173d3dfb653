"""Training data as tf.data; shuffling and augmentation are determined by the seed."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.labels import FACE_PARTS
from fer_edge.data.augment import ALL, Columns
from fer_edge.data.autotuning import without_autotuning
from fer_edge.recipe import Augment
from fer_edge.training.distillation import SoftTargets
from fer_edge.training.mixture import LabeledImages, Mixture, StreamedImages


def full_side(_: int) -> int:
    """Return the image side of every epoch without progressive resizing: 48."""
    return 48


def training(
    data: Mixture,
    *,
    seed: int,
    epochs: range,
    augment: Augment,
    normalization: tuple[float, float],
    side: Callable[[int], int] = full_side,
    soft_targets: SoftTargets | None = None,
    columns: Columns = ALL,
    occlusion_weight: float = 0.0,
) -> Any:
    """Yield augmented batches, as one data set per epoch.

    The order of epoch `e` is a shuffle seeded by `(seed, e)`, and the augmentation of its step `i`
    is seeded by these and `i`; nothing else is random, so a run resumed at epoch `e` sees the same
    images as an uninterrupted one. The last images that do not fill a batch are dropped. With
    cached soft targets, the cached epochs are repeated.

    Args:
        data: training images and batch size.
        seed: RNG seed of the run.
        epochs: epochs to yield, for example `range(3, 40)` for a run resumed at 3.
        augment: augmentation settings of the recipe.
        normalization: pixel mean and standard deviation; the input is (pixel - mean) / std.
        side: function from epoch to image side in pixels.
        soft_targets: cached teacher probabilities, blended into the targets.
        columns: columns of every batch to produce on this worker; the columns of all workers
            together form the global batch.
        occlusion_weight: weight of an additional last target, the part of the face that the
            augmentation covers; 0 for none.

    Returns:
        Per epoch, a data set of (float32 `[batch, side, side, 1]`, tuple of float32
        `[batch, labels]`).
    """
    import tensorflow as tf

    from fer_edge.data.augment import augment as change
    from fer_edge.data.augment import hidden_part

    mean, std = normalization
    examples, decode = (
        _streamed(data, data.first, columns)
        if isinstance(data.first, StreamedImages)
        else _in_memory(data, data.first, columns)
    )
    weight = columns.of(tf.constant(data.by_column(1.0, lambda source: source.weight)))[:, None]
    trust = columns.of(tf.constant(data.by_column(-1.0, lambda source: source.trust)))
    batch = data.batch

    def one_epoch(epoch: int) -> Any:
        shown = soft_targets.cached_epoch(epoch) if soft_targets else epoch
        probabilities: Any = soft_targets.tensor(shown) if soft_targets else None

        def step(i: Any, *example: Any) -> Any:
            images, chosen = decode(*example)
            pixels = tf.cast(images, tf.float32)[..., None]
            # The seeds of one step are 16 apart, so that no two draws share a seed.
            changes = tf.stack([tf.constant(seed * 1_000_003 + shown, tf.int64), i * 16])
            pixels = change(pixels, changes, augment, side=side(epoch), columns=columns)
            if soft_targets:
                taught = columns.of(probabilities[i * batch : (i + 1) * batch])
                chosen = soft_targets.mix(chosen, taught, trust)
            if occlusion_weight:
                hidden = hidden_part(tf.shape(images)[0], changes, augment, columns=columns)
                chosen = [*chosen, occlusion_weight * tf.one_hot(hidden, len(FACE_PARTS))]
            if data.sources:
                chosen = [weight * target for target in chosen]
            return (pixels - mean) / std, tuple(chosen)

        found = examples((seed, shown)).enumerate()
        prepared = found.map(
            lambda i, example: step(i, *_as_tuple(example)),
            num_parallel_calls=2,
            deterministic=True,
        ).prefetch(4)
        return without_autotuning(prepared)

    # One data set per epoch, so that the caller knows where epochs end.
    return (one_epoch(epoch) for epoch in epochs)


def _as_tuple(example: Any) -> tuple[Any, ...]:
    return example if isinstance(example, tuple) else (example,)


Examples = Callable[[tuple[int, int]], Any]
"""Function from seed and epoch to a tf.data set of undecoded examples, one element per step."""

Decode = Callable[..., tuple[Any, list[Any]]]
"""Function from the undecoded examples of a step to uint8 images and targets."""


def _in_memory(data: Mixture, first: LabeledImages, columns: Columns) -> tuple[Examples, Decode]:
    """Return examples as row indices into the concatenated images of all sets."""
    import tensorflow as tf

    parts = [first, *(source.data for source in data.sources)]
    images = tf.constant(np.concatenate([part.images for part in parts]))
    targets = _targets(parts, data.heads)

    def examples(seed: tuple[int, int]) -> Any:
        order = tf.random.experimental.stateless_shuffle(
            tf.range(len(first), dtype=tf.int64), tf.constant(seed, tf.int64)
        )
        own = tf.reshape(order[: data.steps * data.own], (data.steps, data.own))
        rows = tf.concat([own, tf.constant(len(first) + data.drawn(seed))], axis=1)
        return tf.data.Dataset.from_tensor_slices(columns.of(rows, axis=1))

    def decode(rows: Any) -> tuple[Any, list[Any]]:
        return tf.gather(images, rows), [tf.gather(target, rows) for target in targets]

    return examples, decode


def _streamed(data: Mixture, first: StreamedImages, columns: Columns) -> tuple[Examples, Decode]:
    """Return examples as serialized images of the first set and row indices into the sources."""
    import tensorflow as tf

    from fer_edge.data.shards.read import parse

    parts = [source.data for source in data.sources]
    images = [tf.constant(np.concatenate([part.images for part in parts]))] if parts else []
    targets = _targets(parts, data.heads) if parts else []
    sizes = [first.sample.targets[head].shape[1] for head in data.heads]

    def examples(seed: tuple[int, int]) -> Any:
        own = first.stream.records(seed).batch(data.own, drop_remainder=True)
        own = own.map(columns.of, num_parallel_calls=2, deterministic=True)
        if not parts:
            return own
        rows = columns.after(data.own).of(tf.constant(data.drawn(seed)), axis=1)
        return tf.data.Dataset.zip(own, tf.data.Dataset.from_tensor_slices(rows))

    def targets_of(labels: NDArray[np.int64], votes: NDArray[np.uint8]) -> list[Any]:
        found = first.targets_of(labels, votes)
        return [found[head] for head in data.heads]

    def decode(records: Any, rows: Any = None) -> tuple[Any, list[Any]]:
        pixels, labels, votes = parse(records)
        # Stateless, so that calls can run in parallel.
        chosen = tf.numpy_function(targets_of, [labels, votes], [tf.float32] * len(sizes), False)
        chosen = [tf.ensure_shape(t, (None, size)) for t, size in zip(chosen, sizes, strict=True)]
        if rows is None:
            return pixels, chosen
        drawn = [tf.gather(target, rows) for target in targets]
        pixels = tf.concat([pixels, tf.gather(images[0], rows)], axis=0)
        return pixels, [tf.concat(both, axis=0) for both in zip(chosen, drawn, strict=True)]

    return examples, decode


def _targets(parts: Sequence[LabeledImages], heads: Sequence[str]) -> list[Any]:
    """Return the targets of all sets by head, concatenated: float32 `[n, labels]`."""
    import tensorflow as tf

    return [tf.constant(np.concatenate([part.targets[head] for part in parts])) for head in heads]


def evaluation(data: LabeledImages, *, normalization: tuple[float, float], batch: int = 256) -> Any:
    """Return a tf.data set of the unchanged images, in order: float32 `[<= batch, 48, 48, 1]`."""
    import tensorflow as tf

    mean, std = normalization
    return without_autotuning(
        tf.data.Dataset.from_tensor_slices(data.images)
        .batch(batch)
        .map(lambda x: (tf.cast(x, tf.float32)[..., None] - mean) / std, num_parallel_calls=2)
        .prefetch(2)
    )
