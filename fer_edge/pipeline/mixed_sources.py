"""Further labeled sets that train beside the first one, as the recipe's `[data.sources]` say.

FER2013 and faces of one's own, for example: every batch holds a share of each set, so that a net
learns the new faces without losing what it knew.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from fer_edge.data import duplicates, leaks
from fer_edge.data.dataset import Dataset, load
from fer_edge.recipe import DataSource, Train
from fer_edge.training import targets
from fer_edge.training.input_pipeline import LabeledImages, Source

if TYPE_CHECKING:
    from fer_edge.data.splits import TrainingData


@dataclass(frozen=True)
class Mixed:
    """A further set, made ready to train with.

    Attributes:
        source: its training images.
        val: its val images; None where it has none.
        dropped: its training images left out because they also stand in a val split.
    """

    source: Source
    val: LabeledImages | None
    dropped: int


def mixed(
    name: str, section: DataSource, first: "TrainingData", heads: dict[str, int], train: Train
) -> Mixed:
    """Load a further set, with its labels as the first set numbers them.

    Args:
        name: of the source.
        section: of the recipe.
        first: the set that it stands beside.
        heads: number of labels by head.
        train: the recipe's `[train]` section.

    Raises:
        InputError: the set cannot be read, has no training images, or a label that the first set
            has not.
    """
    data = _relabeled(name, section, load(section.file, splits=("train", "val")), first.train)
    own, val = data.only("train"), data.only("val")
    held_out = [part.images for part in (first.val, val) if part is not None and len(part)]
    kept = own.take(~_also_in(own.images, held_out))
    if not len(kept):
        raise InputError(f"{section.path} has no labeled training images for source {name}")
    labeled = targets.labeled(kept, heads, train)
    if section.trust == 0:
        labeled.targets.update({h: np.zeros_like(t) for h, t in labeled.targets.items()})
    source = Source(
        name,
        labeled,
        section.share,
        _chances(kept.labels, section.balance),
        trust=section.trust,
        weight=section.weight,
    )
    chosen = targets.labeled(val, heads, train) if len(val) else None
    return Mixed(source, chosen, len(own) - len(kept))


def _relabeled(name: str, section: DataSource, data: Dataset, first: Dataset) -> Dataset:
    """The images that have a label of the first set, numbered as there; all if none is read."""
    unknown = sorted(set(section.labels) - set(data.label_names))
    if unknown:
        raise InputError(
            f"{section.path} has no label {unknown[0]!r}, which data.sources.{name}.labels maps: "
            f"it has {', '.join(data.label_names)}"
        )
    numbers = []
    for label in data.label_names:
        target = section.labels.get(label, label)
        if target and target not in first.label_names:
            raise InputError(
                f"label {label!r} of {section.path} is none of {', '.join(first.label_names)}: map "
                f'it in data.sources.{name}.labels, to "" to leave it out'
            )
        numbers.append(first.label_names.index(target) if target else -1)
    labels = np.array([*numbers, -1], np.int16)[data.labels]
    changed = replace(data, labels=labels, label_names=first.label_names)
    return changed if section.trust == 0 else changed.take(labels >= 0)


def _also_in(images: NDArray[np.uint8], others: list[NDArray[np.uint8]]) -> NDArray[np.bool_]:
    """Which images also stand, to the byte or nearly so, in other sets: bool `[n]`."""
    if not others or not len(images):
        return np.zeros(len(images), bool)
    found = duplicates.find(np.concatenate([images, *others]), leaks.THRESHOLD)
    group = found.group
    # Groups that hold an image of another set, and those nearly equal to one of these.
    there = np.zeros(group.max() + 1, bool)
    there[group[len(images) :]] = True
    near = there.copy()
    for a, b in found.pairs:
        near[a] |= there[b]
        near[b] |= there[a]
    return near[group[: len(images)]]


def _chances(labels: NDArray[np.int16], balance: float) -> NDArray[np.float64]:
    """By which images are drawn: each class as often as count ** (1 - balance) says."""
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    chances = counts[inverse] ** -float(balance)
    return chances / chances.sum()
