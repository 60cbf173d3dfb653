"""Faces to evaluate a finished model on: a split of a data file, or synthetic faces."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.labels import FERPLUS, canonical
from fer_edge.data import dataset, ferplus, leaks, synthetic
from fer_edge.data.dataset import Dataset

SYNTHETIC_PER_CLASS = 200
SEED = 0
"""RNG seed for synthetic faces, samples and random orders."""


def load(data: Path | None, split: str, *, per_class: int = SYNTHETIC_PER_CLASS) -> Dataset:
    """Load one split of a data file, or generate faces if no file is given.

    Args:
        data: `.npz` file of `data prepare`; None for synthetic faces.
        split: name of the split.
        per_class: number of faces generated for each expression, over all splits.

    Raises:
        InputError: `data` is not a data file, or has no image in that split.
    """
    if data is None:
        return synthetic.generate(per_class, seed=SEED).only(split)
    faces = dataset.load(data, [split])
    if not len(faces):
        raise InputError(f"{data} has no images in split {split}: give another --split")
    return faces


def leaked(data: Path, faces: Dataset, split: str) -> NDArray[np.bool_]:
    """Which of a split's faces are also in the training split: bool `[n]`."""
    return np.isin(faces.rows, leaks.load_or_find(data).leaked(split))


def sample(faces: Dataset, count: int | None) -> Dataset:
    """Pick `count` faces at random, in unchanged order; all if there are fewer."""
    if count is None or count >= len(faces):
        return faces
    picked = np.random.default_rng(SEED).permutation(len(faces))[:count]
    return faces.take(np.sort(picked))


def shuffle(faces: Dataset) -> Dataset:
    """Shuffle the faces with a fixed seed, since sets are often sorted by class."""
    return faces.take(np.random.default_rng(SEED).permutation(len(faces)))


def labels_by_head(faces: Dataset) -> dict[str, NDArray[np.int16]]:
    """The correct labels for each head.

    Returns:
        Labels by head, int16 `[n]`, -1 for faces without a label: `fer2013` has the labels of the
        set, `ferplus` the majority of the FER+ votes if the set has votes, or the labels of a
        mapped or synthetic set by their names.
    """
    if faces.votes.any():
        return {"fer2013": faces.labels, "ferplus": ferplus.majority(faces.votes)}
    named = _translated(faces, FERPLUS) if _names_count(faces) else None
    return {"fer2013": faces.labels} | ({} if named is None else {"ferplus": named})


def labels_of(faces: Dataset, names: tuple[str, ...]) -> NDArray[np.int16] | None:
    """The correct labels as indices into a model's label names.

    Args:
        faces: labeled faces.
        names: label names of the model.

    Returns:
        Labels, int16 `[n]`, -1 for faces without a label, or with one that the model lacks; None
        if the faces have other classes. The labels of a mapped or synthetic set are translated to
        those of any model that has at least two of them.
    """
    if _names_count(faces) and names != faces.label_names:
        return _translated(faces, names)
    labels = labels_by_head(faces)
    if names == FERPLUS and "ferplus" in labels:
        return labels["ferplus"]
    return labels["fer2013"] if names == faces.label_names else None


def mapped(faces: Dataset) -> bool:
    """Whether a map says what the labels mean."""
    return faces.provenance.get("layout") == "map"


def _names_count(faces: Dataset) -> bool:
    """Whether the names of the labels say what a face shows, whatever set a model has learned."""
    return mapped(faces) or faces.synthetic


def _translated(faces: Dataset, names: tuple[str, ...]) -> NDArray[np.int16] | None:
    index = {canonical(name): i for i, name in enumerate(names)}
    by_label = [index.get(canonical(name), -1) for name in faces.label_names]
    if len(set(by_label) - {-1}) < 2:
        return None
    return np.array([*by_label, -1], np.int16)[faces.labels]
