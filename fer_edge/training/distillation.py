"""A teacher's answers to a number of augmented epochs, asked once and used by every student.

Distillation (Hinton et al. 2015) wants the teacher to see the very picture that the student sees
(Beyer et al. 2022). What an epoch shows follows from its number, so the answers to the first
epochs can be kept and those epochs repeated: the teacher's cost no longer depends on how long, or
how often, a student learns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.system.atomic_file import replacing
from fer_edge.models.net import by_head
from fer_edge.training.progress import Progress


@dataclass(frozen=True)
class Lessons:
    """Answers of a teacher, and how much of a target they make.

    Attributes:
        answers: float16 `[views, images, labels of all heads]`, probabilities head by head, the
            images of a view in the order in which its epoch shows them.
        sizes: number of labels by head, in that order.
        share: of the target that the teacher's answer makes, 0..1.
    """

    answers: NDArray[np.float16]
    sizes: tuple[int, ...]
    share: float

    def view(self, epoch: int) -> int:
        """Which of the answered epochs an epoch repeats."""
        return epoch % len(self.answers)

    def of(self, view: int) -> Any:
        """The answers of a view, a tensor of float16 `[images, labels of all heads]`."""
        import tensorflow as tf

        return tf.constant(self.answers[view])

    def mix(self, targets: Sequence[Any], answers: Any) -> list[Any]:
        """Targets with the teacher's share in them; float32 `[batch, labels]` by head."""
        import tensorflow as tf

        taught = tf.split(tf.cast(answers, tf.float32), self.sizes, axis=1)
        return [(1 - self.share) * t + self.share * a for t, a in zip(targets, taught, strict=True)]


def ask(teacher: Any, epochs: Any, folder: Path, *, views: int, images: int) -> None:
    """Ask the teacher about every view that the folder does not hold yet.

    Args:
        teacher: a Keras model from the pictures to logits by head.
        epochs: one data set a view, of (pictures, targets), as `batches.training` gives them.
        folder: gets a file a view; an interrupted run goes on at the first that is missing.
        views: how many.
        images: of a view.
    """
    import tensorflow as tf

    @tf.function
    def answer(x: Any) -> Any:
        return tf.concat([tf.nn.softmax(z) for z in by_head(teacher(x, training=False))], axis=1)

    folder.mkdir(parents=True, exist_ok=True)
    with Progress("lessons", views * images, 0) as progress:
        for view, batches in enumerate(epochs):
            path = _file(folder, view)
            if not path.exists():
                found = [answer(x).numpy().astype(np.float16) for x, _ in batches]
                with replacing(path) as partial, partial.open("wb") as handle:
                    np.save(handle, np.concatenate(found))
            progress.advance(images)


def load(folder: Path, *, views: int, sizes: Sequence[int], share: float) -> Lessons:
    """The answers that `ask` left in a folder."""
    answers = np.stack([np.load(_file(folder, view)) for view in range(views)])
    return Lessons(answers, tuple(sizes), share)


def _file(folder: Path, view: int) -> Path:
    return folder / f"view_{view:03}.npy"
