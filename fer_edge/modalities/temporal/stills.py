"""Sequences from a data file of labeled faces: simulated, and optionally drawn."""

from collections.abc import Iterator
from dataclasses import dataclass
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
from fer_edge.modalities.temporal.recipe import Simulation, TemporalRecipe
from fer_edge.modalities.temporal.sequences import Progress, Sequences, TemporalData, Track
from fer_edge.modalities.temporal.simulate import frame_times, simulate

_SHOWN = 0.5  # intensity from which a drawn face has its expression


@dataclass(frozen=True)
class Stills:
    """Labeled faces from which tracks are simulated.

    Attributes:
        faces: the data file.
        labels: int16 [n], class of each face in the order of the classifier; -1 for none.
    """

    faces: dataset.Dataset
    labels: NDArray[np.int16]

    def rows(self, split: str) -> NDArray[np.intp]:
        """Return the rows of the labeled faces of a split."""
        return np.flatnonzero((self.faces.split == SPLITS.index(split)) & (self.labels >= 0))

    def track(
        self,
        rows: NDArray[np.intp],
        options: Simulation,
        random: np.random.Generator,
        *,
        fps: float | None = None,
    ) -> Track:
        """Simulate a track of random photographs of `rows`; see `simulate` for `fps`."""
        shown = _faces(rows, self.labels, options.segments, random)
        classes = self.labels[shown].astype(np.int64)
        return simulate(self.faces.images[shown], classes, options, random, fps=fps)


def load(path: Path, classifier: Classifier) -> Stills:
    """Load labeled faces.

    Args:
        path: `.npz` file of `data prepare`.
        classifier: model whose labels are used.

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
    found = Stills(faces, labels)
    for split in SPLITS:
        if len(np.unique(labels[found.rows(split)])) < 2:
            raise InputError(
                f"{path}: split {split} has faces of fewer than two classes: a temporal head "
                "needs train, val and test"
            )
    return found


def tracks(
    stills: Stills, split: str, recipe: TemporalRecipe, names: tuple[str, ...]
) -> Iterator[Track]:
    """Yield the tracks of a split: the same ones whenever recipe and faces are the same.

    Args:
        stills: labeled faces.
        split: "train", "val" or "test".
        recipe: number and kind of the tracks.
        names: names of the classes.

    Raises:
        InputError: drawn tracks are wanted of a model without labels of drawn faces.
    """
    options, number, training = recipe.simulation, SPLITS.index(split), split == "train"
    drawn = _drawn(options) if training else 0
    drawable = _drawable(names) if drawn else {}
    rows = stills.rows(split)
    for index in range(getattr(options, split)):
        random = np.random.default_rng([recipe.seed, number, index])
        if index < drawn:
            yield _draw(drawable, frame_times(options, random, None), random)
        else:
            rate = None if training else options.evaluated_fps
            yield stills.track(rows, options, random, fps=rate)


def read(path: Path, recipe: TemporalRecipe, classifier: Classifier) -> TemporalData:
    """Read labeled faces; see `load`.

    Args:
        path: `.npz` file of `data prepare`.
        recipe: number and kind of the sequences.
        classifier: model whose labels and answers are used.

    Raises:
        InputError: see `load` and `tracks`.
    """
    stills = load(path, classifier)
    options, faces = recipe.simulation, stills.faces
    drawn = _drawn(options)
    if drawn:
        _drawable(classifier.labels)

    def classify(split: str, progress: Progress) -> Sequences:
        total = getattr(options, split)
        simulated = tracks(stills, split, recipe, classifier.labels)
        return sequences.classify(simulated, classifier, lambda done: progress(done, total))

    return TemporalData(
        digest=faces.digest,
        about={
            "name": str(faces.provenance["name"]),
            "digest": faces.digest,
            "synthetic": faces.synthetic or drawn > 0,
            "kind": "still faces with simulated motion",
            "sequences": {split: getattr(options, split) for split in SPLITS} | {"drawn": drawn},
        },
        classify=classify,
    )


def _drawn(options: Simulation) -> int:
    """Return the number of drawn training sequences."""
    return round(options.drawn * options.train)


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
