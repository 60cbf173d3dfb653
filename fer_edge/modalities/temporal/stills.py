"""Sequences from a data file of labeled faces: simulated, and optionally drawn."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.geometry import FACE_SIZE
from device.labels import FER2013, canonical
from device.model.classifier import Classifier
from fer_edge.data import dataset, evaluation_faces
from fer_edge.data.dataset import SPLITS
from fer_edge.data.synthetic.clip import clip
from fer_edge.modalities.temporal import sequences
from fer_edge.modalities.temporal.recipe import TemporalRecipe
from fer_edge.modalities.temporal.sequences import Progress, Sequences, TemporalData, Track
from fer_edge.modalities.temporal.simulate import frame_times, simulate

_SHOWN = 0.5  # intensity from which a drawn face has its expression


def read(path: Path, recipe: TemporalRecipe, classifier: Classifier) -> TemporalData:
    """Read labeled faces.

    Args:
        path: `.npz` file of `data prepare`.
        recipe: number and kind of the sequences.
        classifier: model whose labels and answers are used.

    Raises:
        InputError: the file is not a data file, a split has fewer than two classes, or the labels
            are not those of the model.
    """
    faces = dataset.load(path)
    labels = evaluation_faces.labels_of(faces, classifier.labels)
    if labels is None:
        raise InputError(
            f"{path} has the labels {', '.join(faces.label_names)}, but {classifier.path} has "
            f"{', '.join(classifier.labels)}: give a --model with the labels of the data"
        )
    rows = {
        split: np.flatnonzero((faces.split == number) & (labels >= 0))
        for number, split in enumerate(SPLITS)
    }
    for split, chosen in rows.items():
        if len(np.unique(labels[chosen])) < 2:
            raise InputError(
                f"{path}: split {split} has faces of fewer than two classes: a temporal head "
                "needs train, val and test"
            )
    options = recipe.simulation
    counts = {"train": options.train, "val": options.val, "test": options.test}
    drawn = round(options.drawn * options.train)
    drawable = _drawable(classifier.labels) if drawn else {}

    def tracks(split: str) -> Iterator[Track]:
        number, training = SPLITS.index(split), split == "train"
        for index in range(counts[split]):
            random = np.random.default_rng([recipe.seed, number, index])
            if training and index < drawn:
                yield _draw(drawable, frame_times(options, random, None), random)
                continue
            shown = _faces(rows[split], labels, options.segments, random)
            rate = None if training else options.evaluated_fps
            classes = labels[shown].astype(np.int64)
            yield simulate(faces.images[shown], classes, options, random, fps=rate)

    def classify(split: str, progress: Progress) -> Sequences:
        total = counts[split]
        return sequences.classify(tracks(split), classifier, lambda done: progress(done, total))

    return TemporalData(
        digest=faces.digest,
        about={
            "name": str(faces.provenance["name"]),
            "digest": faces.digest,
            "synthetic": faces.synthetic or drawn > 0,
            "kind": "still faces with simulated motion",
            "sequences": counts | {"drawn": drawn},
        },
        classify=classify,
    )


def _faces(
    rows: NDArray[np.intp], labels: NDArray[np.int16], segments: int, random: np.random.Generator
) -> NDArray[np.intp]:
    """Choose the photographs of one to `segments` segments; neighbors differ in class."""
    shown = [random.choice(rows)]
    for _ in range(random.integers(segments)):
        following = random.choice(rows)
        while labels[following] == labels[shown[-1]]:
            following = random.choice(rows)
        shown.append(following)
    return np.array(shown, np.intp)


def _drawable(labels: tuple[str, ...]) -> dict[str, int]:
    """Return the class of each expression that can be drawn."""
    found = {canonical(label): number for number, label in enumerate(labels)}
    if "neutral" not in found or len(found.keys() & set(FER2013)) < 2:
        raise InputError(
            "simulation.drawn needs a model with neutral and another label of FER2013: set it to 0"
        )
    return {name: found[name] for name in FER2013 if name in found}


def _draw(
    classes: dict[str, int], times: NDArray[np.float64], random: np.random.Generator
) -> Track:
    expressions = [name for name in classes if name != "neutral"]
    expression = expressions[random.integers(len(expressions))]
    drawn = clip(expression, random, times, size=FACE_SIZE)
    shown = np.where(drawn.intensity >= _SHOWN, classes[expression], classes["neutral"])
    return Track(drawn.images, times, shown)
