"""Evaluation on val after each epoch."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.models.net import by_head
from fer_edge.training import input_pipeline
from fer_edge.training.job import Job
from fer_edge.training.mixture import LabeledImages


def forward_of(model: Any) -> Callable[[Any], list[Any]]:
    """Return the model in inference mode as a function that is traced once."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None, 48, 48, 1), tf.float32)])
    def forward(x: Any) -> list[Any]:
        return by_head(model(x, training=False))

    return forward


def evaluate(forward: Callable[[Any], list[Any]], job: Job) -> dict[str, float]:
    """Compute top-1 on val by head and mean recall by source; empty without a val split."""
    row: dict[str, float] = {}
    if job.val is None:
        return row
    for head, (right, answer) in _answers(forward, job.val, job).items():
        row[f"val_top1_{head}"] = float(np.mean(answer == right))
    for name, part in job.others.items():
        right, answer = _answers(forward, part, job)["fer2013"]
        recalls = [np.mean(answer[right == label] == label) for label in np.unique(right)]
        row[f"val_recall_{name}"] = float(np.mean(recalls))
    return row


def _answers(
    forward: Callable[[Any], list[Any]], part: LabeledImages, job: Job
) -> dict[str, tuple[NDArray[np.int16], NDArray[np.int64]]]:
    """Return true and predicted classes by head, of the images that have a true class."""
    found = [forward(x) for x in input_pipeline.evaluation(part, normalization=job.normalization)]
    answers = {}
    # An occlusion head, the last output, has no true class here: nothing is drawn on val.
    for (head, right), logits in zip(part.classes.items(), zip(*found, strict=True), strict=False):
        known = right >= 0
        answers[head] = right[known], np.concatenate(logits)[known].argmax(1)
    return answers
