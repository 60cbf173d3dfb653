"""Target distributions from labels and FER+ votes."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from device.labels import FERPLUS
from fer_edge.data import ferplus
from fer_edge.data.contents import Contents
from fer_edge.data.dataset import Dataset
from fer_edge.recipe import Recipe, Train
from fer_edge.training.input_pipeline import LabeledImages


def head_sizes(data: Dataset | Contents, recipe: Recipe) -> dict[str, int]:
    """Number of labels of each head of the recipe."""
    return {head: len(label_names(data, head)) for head in recipe.model.heads}


def label_names(data: Dataset | Contents, head: str) -> tuple[str, ...]:
    """Labels of a head for some data."""
    return labels_of(head, data.label_names)


def labels_of(head: str, own: tuple[str, ...]) -> tuple[str, ...]:
    """Labels of a head: `own`, those of the data, for `fer2013`; FER+'s for `ferplus`."""
    return own if head == "fer2013" else FERPLUS


def classes(data: Dataset, head: str) -> NDArray[np.int16]:
    """Correct class of each image for a head: int16 `[n]`, -1 where it has none."""
    return data.labels if head == "fer2013" else ferplus.majority(data.votes)


def labeled(data: Dataset, heads: dict[str, int], train: Train) -> LabeledImages:
    """Images with their targets; smoothing, class weights and the head's weight are in the targets.

    Cross-entropy is linear in its target, so weights of rows and heads are scaled targets and the
    loss needs no weights.

    Args:
        data: one split of the data.
        heads: number of labels of each head.
        train: the recipe's `[train]` section.
    """
    targets = {}
    for head, size in heads.items():
        if head == "ferplus":
            targets[head] = ferplus.distribution(data.votes) * np.float32(train.ferplus_weight)
            continue
        one_hot = np.eye(size, dtype=np.float32)[data.labels]
        smooth = one_hot * (1 - train.label_smoothing) + train.label_smoothing / size
        smooth[data.labels < 0] = 0
        if train.class_weights:
            smooth *= _class_weights(data.labels, size)[data.labels][:, None]
        targets[head] = smooth.astype(np.float32)
    targets = with_ferplus(targets, train.ferplus_share)
    return LabeledImages(data.images, targets, {head: classes(data, head) for head in heads})


def with_ferplus(
    targets: Mapping[str, NDArray[np.float32]], share: float
) -> dict[str, NDArray[np.float32]]:
    """Let FER+'s answer make a share of the fer2013 head's target.

    FER2013's labels come from search terms, FER+'s votes from people who looked at the faces: a
    face at rest that was found by "angry" is neutral to most of them.

    Args:
        targets: float32 `[n, labels]` by head, the labels of `fer2013` being FER2013's own.
        share: 0..1. A row keeps its target where FER+ has no answer that FER2013 knows.

    Returns:
        The targets with that share; a row's sum stays what it was.
    """
    if not share:
        return dict(targets)
    labels = ferplus.TO_FER2013[: targets["ferplus"].shape[1]]
    answer = np.zeros_like(targets["fer2013"])
    for column in np.flatnonzero(labels >= 0):
        answer[:, labels[column]] += targets["ferplus"][:, column]
    total = answer.sum(axis=1, keepdims=True)
    own = targets["fer2013"]
    taken = np.where(total > 0, share, 0).astype(np.float32)
    scaled = answer / np.maximum(total, 1e-6) * own.sum(axis=1, keepdims=True)
    return {**targets, "fer2013": ((1 - taken) * own + taken * scaled).astype(np.float32)}


def _class_weights(labels: NDArray[np.int16], size: int) -> NDArray[np.float32]:
    """1 / sqrt(count) per class, scaled to a mean of 1 over the rows."""
    counts = np.bincount(labels[labels >= 0], minlength=size)
    weights = 1 / np.sqrt(np.maximum(counts, 1))
    return (weights * counts.sum() / (weights * counts).sum()).astype(np.float32)
