"""Target distributions from labels and FER+ votes."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from device.labels import FERPLUS
from fer_edge.data import ferplus
from fer_edge.data.contents import Contents
from fer_edge.data.dataset import Dataset
from fer_edge.recipe import Recipe, Train
from fer_edge.training.mixture import LabeledImages


def head_sizes(data: Dataset | Contents, recipe: Recipe) -> dict[str, int]:
    """Return the number of labels of each head of the recipe."""
    return {head: len(label_names(data, head)) for head in recipe.model.heads}


def label_names(data: Dataset | Contents, head: str) -> tuple[str, ...]:
    """Return the labels of a head for the given data."""
    return labels_of(head, data.label_names)


def labels_of(head: str, own: tuple[str, ...]) -> tuple[str, ...]:
    """Return the labels of a head: `own` (of the data) for `fer2013`, FER+'s for `ferplus`."""
    return own if head == "fer2013" else FERPLUS


def classes(data: Dataset, head: str) -> NDArray[np.int16]:
    """Return the true class of each image for a head: int16 `[n]`, -1 if it has none."""
    return data.labels if head == "fer2013" else ferplus.majority(data.votes)


def labeled(data: Dataset, heads: dict[str, int], train: Train) -> LabeledImages:
    """Return images with their targets.

    Args:
        data: one split of the data.
        heads: number of labels of each head.
        train: the recipe's `[train]` section.
    """
    counts = np.bincount(data.labels[data.labels >= 0], minlength=heads.get("fer2013", 0))
    found = of_rows(data.labels, data.votes, heads, train, counts)
    return LabeledImages(data.images, found, {head: classes(data, head) for head in heads})


def of_rows(
    labels: NDArray[np.int16],
    votes: NDArray[np.uint8],
    heads: dict[str, int],
    train: Train,
    counts: NDArray[np.int64],
) -> dict[str, NDArray[np.float32]]:
    """Return targets that include smoothing and class weights.

    Cross-entropy is linear in its target, so weights of rows are applied to the targets and the
    loss needs none.

    Args:
        labels: int `[n]`, -1 for none.
        votes: FER+ votes, uint8 `[n, 10]`.
        heads: number of labels of each head.
        train: the recipe's `[train]` section.
        counts: int `[labels]`, number of images per label in the whole training split.

    Returns:
        Targets by head, float32 `[n, labels]`.
    """
    targets = {}
    for head, size in heads.items():
        if head == "ferplus":
            targets[head] = ferplus.distribution(votes)
            continue
        one_hot = np.eye(size, dtype=np.float32)[labels]
        smooth = one_hot * (1 - train.label_smoothing) + train.label_smoothing / size
        smooth[labels < 0] = 0
        if train.class_weights:
            smooth *= _class_weights(counts)[labels][:, None]
        targets[head] = smooth.astype(np.float32)
    return with_ferplus(targets, train.ferplus_share)


def with_ferplus(
    targets: Mapping[str, NDArray[np.float32]], share: float
) -> dict[str, NDArray[np.float32]]:
    """Mix FER+'s label distribution into the target of the fer2013 head.

    FER2013's labels come from search terms; FER+'s votes come from annotators, most of whom see a
    neutral face in many images found by the term "angry".

    Args:
        targets: targets by head, float32 `[n, labels]`; those of `fer2013` come from FER2013's own
            labels.
        share: weight of FER+, 0..1. A row is unchanged if it has no FER+ votes for FER2013's
            labels.

    Returns:
        The mixed targets; the sum of each row is unchanged.
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


def _class_weights(counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return 1 / sqrt(count) per class, scaled to a mean of 1 over the rows."""
    weights = 1 / np.sqrt(np.maximum(counts, 1))
    return (weights * counts.sum() / (weights * counts).sum()).astype(np.float32)
