"""Quantization-aware self-training on unlabeled faces, with the adapted float model as teacher.

The soft pseudo-label of a face is the teacher's mean prediction for the face and its mirror image;
the student sees an augmented face (Xie et al. 2020, "Self-training with noisy student"). The
student runs in simulated int8, so that this training also compensates quantization error.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.recipe import Augment, Phase
from fer_edge.training import trainer
from fer_edge.training.job import Hooks, Job
from fer_edge.training.mixture import LabeledImages, Mixture

BATCH = 32
PHASE = Phase(epochs=6, learning_rate=1e-4, warmup_epochs=0.5, select="last", distill=1.0)
AUGMENT = Augment(rotation=8, shift=2, zoom=0.08, brightness=0.05, contrast=0.1, erasing=0.2)
"""Weak augmentation, because the faces already have the light and sensor of the site."""


def mirrored(model: Any) -> Any:
    """Return a teacher that averages the probabilities of a face and its mirror image.

    Args:
        model: Keras model with one output of logits.

    Returns:
        A function with the interface of a model that returns log-probabilities as logits.
    """
    import tensorflow as tf

    def answer(x: Any, training: bool = False) -> Any:
        both = [tf.nn.softmax(model(view, training=False)) for view in (x, tf.reverse(x, [2]))]
        return tf.math.log(tf.maximum(tf.add_n(both) / 2, 1e-7))

    return answer


def train(
    student: Any,
    teacher: Any,
    faces: NDArray[np.uint8],
    *,
    head: str,
    labels: int,
    normalization: tuple[float, float],
    seed: int,
) -> None:
    """Train a quantization-aware model in place on unlabeled faces.

    Args:
        student: calibrated model of `quantization.qat.quantize_aware.quantize_aware`.
        teacher: return value of `mirrored`.
        faces: uint8 [n, 48, 48].
        head: name of the head.
        labels: number of labels of the head.
        normalization: pixel mean and standard deviation of the model.
        seed: RNG seed of order and augmentation.
    """
    from quantization.qat import quantize_aware as qat

    unlabeled = LabeledImages(faces, {head: np.zeros((len(faces), labels), np.float32)}, {})
    with tempfile.TemporaryDirectory(prefix="fer-edge-adapt-") as folder:
        trainer.fit(
            student,
            Job(
                phase=PHASE,
                train=Mixture(unlabeled, min(BATCH, len(faces))),
                val=None,
                seed=seed,
                augment=AUGMENT,
                normalization=normalization,
                out=Path(folder),
                title="self-training",
                teacher=teacher,
                # Keep the re-estimated statistics: batches of 32 are too small to update them.
                hooks=Hooks(before_epoch=lambda _: qat.set_batchnorm_frozen(student, True) > 0),
            ),
        )
