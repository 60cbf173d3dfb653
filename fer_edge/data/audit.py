"""`data audit`: finds duplicates, constant images and labels that contradict the votes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from device.labels import FER2013, FERPLUS
from fer_edge.data import duplicates, ferplus, leaks, progress
from fer_edge.data.dataset import SPLITS, Dataset


@dataclass(frozen=True)
class Contradictions:
    """Labels compared with the FER+ votes for the same images.

    Attributes:
        majority: majority of the votes as index into FERPLUS, int16 [n]; -1 for none.
        rows: positions of the images whose majority differs from their label, int64.
        unsupported: number of images with votes but without a vote for their label.
    """

    majority: np.ndarray
    rows: np.ndarray
    unsupported: int


@dataclass(frozen=True)
class Audit:
    """Result of `audit`; positions are 0-based indices into the data set.

    Attributes:
        same: exact and near duplicates.
        twins: number of images in the split of the row with an exact or near duplicate in the split
            of the column (on the diagonal: another image of the same split), int64 [3, 3].
        leaks: images that are in several splits.
        conflicts: positions of images with a byte-identical copy of another label, int64.
        constant: positions of images with a single gray value, int64.
        contradictions: labels against votes; None if the set has no votes, or classes other than
            FER2013's.
    """

    same: duplicates.Duplicates
    twins: np.ndarray
    leaks: leaks.Leaks
    conflicts: np.ndarray
    constant: np.ndarray
    contradictions: Contradictions | None


def audit(dataset: Dataset, threshold: float = leaks.THRESHOLD) -> Audit:
    """Audit a data set.

    Args:
        dataset: all splits of a set, as loaded.
        threshold: pixel correlation above which two images count as duplicates.
    """
    with progress.bar("Comparing images", len(dataset)) as advance:
        same = duplicates.find(dataset.images, threshold, advance)
    flat = dataset.images.reshape(len(dataset), -1)
    return Audit(
        same=same,
        twins=_twins(dataset, same),
        leaks=leaks.from_duplicates(dataset, same, threshold),
        conflicts=_conflicts(dataset.labels, same),
        constant=np.flatnonzero(flat.min(axis=1) == flat.max(axis=1)),
        contradictions=_contradictions(dataset),
    )


def summary(dataset: Dataset, found: Audit) -> dict[str, Any]:
    """Summary of the audit as JSON types, with counts instead of lists of images."""
    sizes = np.bincount(found.same.group)
    against = found.contradictions
    return {
        "digest": dataset.digest,
        "images": len(dataset),
        "synthetic": dataset.synthetic,
        "counts": dataset.counts(),
        "left_out": dataset.provenance.get("left_out", {"count": 0})["count"],
        "exact_duplicates": {
            "groups": int((sizes > 1).sum()),
            "images": int(sizes[sizes > 1].sum()),
            "images_with_conflicting_labels": len(found.conflicts),
        },
        "near_duplicates": {"threshold": found.leaks.threshold, "pairs": len(found.same.pairs)},
        "images_with_twin": {
            here: {there: int(found.twins[i, j]) for j, there in enumerate(SPLITS)}
            for i, here in enumerate(SPLITS)
        },
        "leaked": {
            "val": len(found.leaks.leaked("val")),
            "test": len(found.leaks.leaked("test")),
            "train_rows_to_drop": len(found.leaks.rows_to_drop_from_train),
        },
        "constant_images": len(found.constant),
        "votes": against
        and {
            "with_majority": int((against.majority >= 0).sum()),
            "majority_contradicts_label": len(against.rows),
            "without_a_vote_for_label": against.unsupported,
        },
    }


def vote_matrix(dataset: Dataset, against: Contradictions) -> np.ndarray:
    """Number of images by FER2013 label (row) and FER+ majority (column), int64 [7, 8]."""
    both = (against.majority >= 0) & (dataset.labels >= 0)
    matrix = np.zeros((len(FER2013), len(FERPLUS)), np.int64)
    np.add.at(matrix, (dataset.labels[both], against.majority[both]), 1)
    return matrix


def _twins(dataset: Dataset, same: duplicates.Duplicates) -> np.ndarray:
    holds = np.zeros((len(same.first), len(SPLITS)), np.int64)  # images of group in split
    np.add.at(holds, (same.group, dataset.split), 1)
    near = np.zeros(holds.shape, bool)
    for a, b in (same.pairs.T, same.pairs.T[::-1]):
        np.logical_or.at(near, a, holds[b] > 0)
    itself = np.eye(len(SPLITS), dtype=np.int64)[dataset.split]
    has_twin = (holds[same.group] - itself > 0) | near[same.group]
    return np.stack([has_twin[dataset.split == split].sum(axis=0) for split in range(len(SPLITS))])


def _conflicts(labels: np.ndarray, same: duplicates.Duplicates) -> np.ndarray:
    lowest = np.full(len(same.first), np.iinfo(np.int16).max, np.int16)
    highest = np.full(len(same.first), -1, np.int16)
    np.minimum.at(lowest, same.group, labels)
    np.maximum.at(highest, same.group, labels)
    return np.flatnonzero((lowest != highest)[same.group])


def _contradictions(dataset: Dataset) -> Contradictions | None:
    if dataset.label_names != FER2013 or not dataset.votes.any():
        return None
    majority = ferplus.majority(dataset.votes)
    labeled = dataset.labels >= 0
    differs = labeled & (majority >= 0) & (ferplus.TO_FER2013[majority] != dataset.labels)
    column = np.array([ferplus.TO_FER2013.tolist().index(label) for label in range(len(FER2013))])
    own = dataset.votes[np.arange(len(dataset)), column[dataset.labels]]
    unsupported = labeled & dataset.votes.any(axis=1) & (own == 0)
    return Contradictions(majority, np.flatnonzero(differs), int(unsupported.sum()))
