"""Teacher soft targets, precomputed for N augmented epochs and shared by all students.

In distillation (Hinton et al. 2015) the teacher should see exactly the augmented image that the
student sees (Beyer et al. 2022). The augmentation of an epoch is determined by its number, so the
teacher's probabilities for the first N epochs are cached and the student repeats those epochs: the
cost of the teacher does not depend on how long, or how often, students train.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import CheckFailedError, InputError
from device.system.atomic_file import replacing
from fer_edge.models.net import by_head
from fer_edge.training.progress import Progress


@dataclass(frozen=True)
class SoftTargets:
    """Cached teacher probabilities and their weight in the student's targets.

    Attributes:
        probabilities: float16 `[epochs, images, labels of all heads]`, heads concatenated; images
            are in the order in which the epoch visits them.
        sizes: number of labels of each head, in the order of `probabilities`.
        alpha: weight of the teacher's probabilities in a target, 0..1.
    """

    probabilities: NDArray[np.float16]
    sizes: tuple[int, ...]
    alpha: float

    def cached_epoch(self, epoch: int) -> int:
        """Return the cached epoch that training epoch `epoch` repeats."""
        return epoch % len(self.probabilities)

    def tensor(self, cached_epoch: int) -> Any:
        """Return the probabilities of a cached epoch: float16 `[images, labels of all heads]`."""
        import tensorflow as tf

        return tf.constant(self.probabilities[cached_epoch])

    def mix(self, targets: Sequence[Any], probabilities: Any, trust: Any = None) -> list[Any]:
        """Blend targets with teacher probabilities.

        Args:
            targets: targets by head, float32 `[batch, labels]`.
            probabilities: teacher probabilities, float16 `[batch, labels of all heads]`.
            trust: weight of the own target for images of additional sources, negative for images
                of the first set, float32 `[batch]`; None if all images are of the first set.

        Returns:
            Targets by head, float32 `[batch, labels]`: (1 - alpha) * target + alpha * teacher,
            where alpha is 1 - trust for images of additional sources, and 1 if they have no target.
        """
        import tensorflow as tf

        taught = tf.split(tf.cast(probabilities, tf.float32), self.sizes, axis=1)
        alphas: list[Any] = [self.alpha] * len(targets)
        if trust is not None:
            known = [tf.reduce_sum(target, axis=1) > 0 for target in targets]
            of_source = [tf.where(k, 1 - trust, 1.0) for k in known]
            alphas = [tf.where(trust < 0, self.alpha, alpha)[:, None] for alpha in of_source]
        return [
            (1 - alpha) * t + alpha * p for alpha, t, p in zip(alphas, targets, taught, strict=True)
        ]


def precompute(
    teachers: Sequence[Any], batches: Any, folder: Path, *, epochs: int, images: int
) -> None:
    """Cache the teachers' mean probabilities for every augmented epoch missing in the folder.

    Args:
        teachers: Keras models from images to logits by head.
        batches: one data set per epoch of (images, targets), from `input_pipeline.training`.
        folder: folder with one file per epoch; an interrupted run resumes with the first missing
            file.
        epochs: number of epochs.
        images: number of images per epoch.

    Raises:
        CheckFailedError: a mean probability is not finite.
    """
    import tensorflow as tf

    @tf.function
    def probabilities(x: Any) -> Any:
        each = [
            tf.concat([tf.nn.softmax(z) for z in by_head(teacher(x, training=False))], axis=1)
            for teacher in teachers
        ]
        return tf.add_n(each) / len(each)

    folder.mkdir(parents=True, exist_ok=True)
    missing = {epoch for epoch in range(epochs) if not _file(folder, epoch).exists()}
    with Progress("soft targets", epochs * images, (epochs - len(missing)) * images) as progress:
        for epoch, dataset in enumerate(batches):
            if epoch not in missing:
                continue
            found = np.concatenate([probabilities(x).numpy() for x, _ in dataset])
            if not np.isfinite(found).all():
                raise CheckFailedError("the teacher predicts values that are not finite")
            with replacing(_file(folder, epoch)) as partial, partial.open("wb") as handle:
                np.save(handle, found.astype(np.float16))
            progress.advance(images)
            progress.report(f"epoch {epoch + 1}/{epochs}")


def load(
    folder: Path,
    *,
    epochs: int,
    sizes: Sequence[int],
    alpha: float,
    change: Callable[[NDArray[np.float16]], NDArray[np.float16]] = lambda cached: cached,
) -> SoftTargets:
    """Load the probabilities that `precompute` cached in a folder.

    Args:
        folder: folder of the cache.
        epochs: number of epochs to read.
        sizes: number of labels of each head.
        alpha: weight of the teacher, 0..1.
        change: function applied to the probabilities of each epoch.

    Raises:
        InputError: a file is missing or damaged, or has a different number of labels.
    """
    try:
        cached = np.stack([change(np.load(_file(folder, epoch))) for epoch in range(epochs)])
        if cached.ndim != 3 or cached.shape[2] != sum(sizes):
            raise ValueError(f"its shape is {list(cached.shape)}")
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"{folder} has no valid soft targets of the teacher ({error}): delete it and the "
            "student's folder teacher, then rerun"
        ) from error
    return SoftTargets(cached, tuple(sizes), alpha)


def _file(folder: Path, epoch: int) -> Path:
    return folder / f"view_{epoch:03}.npy"  # the name in caches of earlier runs
