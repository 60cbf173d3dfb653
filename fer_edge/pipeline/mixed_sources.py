"""Additional labeled sets for training, as given by the recipe's `[data.sources]`.

An example is FER2013 together with one's own faces: every batch holds a fraction of each set, so
that a net learns the new faces without forgetting the old ones.
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
from fer_edge.training.mixture import LabeledImages, Source

if TYPE_CHECKING:
    from fer_edge.data.splits import TrainingData


@dataclass(frozen=True)
class Mixed:
    """An additional set, ready for training.

    Attributes:
        source: its training images.
        val: its val images; None if it has none.
        dropped: number of its training images that are excluded because they also occur in a val
            split.
    """

    source: Source
    val: LabeledImages | None
    dropped: int


def mixed(
    name: str, section: DataSource, first: "TrainingData", heads: dict[str, int], train: Train
) -> Mixed:
    """Load an additional set, with labels numbered as in the first set.

    Args:
        name: name of the source.
        section: section of the source in the recipe.
        first: the first set.
        heads: number of labels by head.
        train: `[train]` section of the recipe.

    Raises:
        InputError: the set cannot be read, has no training images, or has a label that the first
            set lacks and that is to be trained.
    """
    data = _relabeled(name, section, load(section.file, splits=("train", "val")), first.train)
    own, val = data.only("train"), data.only("val")
    val = val.take(val.labels >= 0)
    held_out = [part.images for part in (first.val, val) if part is not None and len(part)]
    kept = own.take(~_also_in(own.images, held_out))
    if not len(kept):
        raise InputError(f"{section.path} has no training images for source {name}")
    labeled = targets.labeled(kept, heads, train)
    if section.trust == 0:
        labeled.targets.update({h: np.zeros_like(t) for h, t in labeled.targets.items()})
    source = Source(
        name,
        labeled,
        section.share,
        _chances(kept.labels, section.balance if section.trust else 0.0),
        trust=section.trust,
        weight=section.weight,
    )
    chosen = targets.labeled(val, heads, train) if len(val) else None
    return Mixed(source, chosen, len(own) - len(kept))


def _relabeled(name: str, section: DataSource, data: Dataset, first: Dataset) -> Dataset:
    """The images whose label the first set has, renumbered; all images if labels are not read."""
    unknown = sorted(set(section.labels) - set(data.label_names))
    if unknown and section.trust:
        raise InputError(
            f"{section.path} has no label {unknown[0]!r}, which data.sources.{name}.labels maps: "
            f"it has {', '.join(data.label_names)}"
        )
    numbers = []
    for label in data.label_names:
        target = section.labels.get(label, label)
        known = target in first.label_names
        if target and not known and section.trust:
            raise InputError(
                f"label {label!r} of {section.path} is not one of {', '.join(first.label_names)}: "
                f'map it in data.sources.{name}.labels, to "" to exclude it'
            )
        numbers.append(first.label_names.index(target) if known else -1)
    labels = np.array([*numbers, -1], np.int16)[data.labels]
    changed = replace(data, labels=labels, label_names=first.label_names)
    return changed if section.trust == 0 else changed.take(labels >= 0)


def _also_in(images: NDArray[np.uint8], others: list[NDArray[np.uint8]]) -> NDArray[np.bool_]:
    """Which images also occur, exactly or almost, in other sets: bool `[n]`."""
    if not others or not len(images):
        return np.zeros(len(images), bool)
    found = duplicates.find(np.concatenate([images, *others]), leaks.THRESHOLD)
    group = found.group
    # Groups with an image of another set, and those nearly equal to one of these.
    there = np.zeros(group.max() + 1, bool)
    there[group[len(images) :]] = True
    near = there.copy()
    for a, b in found.pairs:
        near[a] |= there[b]
        near[b] |= there[a]
    return near[group[: len(images)]]


def _chances(labels: NDArray[np.int16], balance: float) -> NDArray[np.float64]:
    """Sampling probabilities: each class is drawn in proportion to count ** (1 - balance)."""
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    chances = counts[inverse] ** -float(balance)
    return chances / chances.sum()
