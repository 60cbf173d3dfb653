"""The models under test: a name for each file, and the labels that each is measured against."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import size
from benchmarks.accuracy import LEFT_OUT
from device.errors import InputError
from device.interpreter import Classifier
from device.labels import FER2013, FERPLUS

HEADS = {"fer2013": FER2013, "ferplus": FERPLUS}


@dataclass(frozen=True)
class Subject:
    """One model, loaded.

    Attributes:
        name: unique among the models of a run and safe in a file name.
        head: whose labels it names, "fer2013" or "ferplus".
        classifier: the model in the device's interpreter.
        labels: integers [n] in the order of the model's own labels; -1 is left out.
    """

    name: str
    head: str
    classifier: Classifier
    labels: NDArray[np.integer]

    def describe(self) -> dict[str, Any]:
        """Give the model's block of `results.json`, with nothing but the size measured yet."""
        path = self.classifier.path
        return {
            "name": self.name,
            "path": str(path),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "head": self.head,
            "labels": list(self.classifier.labels),
            "input_dtype": self.classifier.precision,
            "runtime": self.classifier.runtime,
            "delegated": self.classifier.delegated,
            "size": size.measure(path),
            "accuracy": None,
            "accuracy_leak_free": None,
            "latency": None,
        }


def load(
    models: Sequence[Path], labels: Mapping[str, NDArray[np.integer]], threads: int
) -> list[Subject]:
    """Load models and give each the labels that it can be measured against.

    Args:
        models: `.tflite` files.
        labels: for each head the integers [n] of the images, -1 where one is left out.
        threads: of the interpreter.

    Raises:
        InputError: a file is no model, names labels of no known set, or of one without data.
    """
    subjects = []
    for name, path in zip(names(models), models, strict=True):
        classifier = Classifier(path, threads=threads)
        head = _head(classifier.labels, path)
        if head not in labels or not (labels[head] != LEFT_OUT).any():
            raise InputError(f"{path} names the {head} labels, and the data has none of them")
        truth = _reorder(labels[head], HEADS[head], classifier.labels)
        subjects.append(Subject(name, head, classifier, truth))
    return subjects


def _head(labels: Sequence[str], path: Path) -> str:
    for head, known in HEADS.items():
        if sorted(labels) == sorted(known):
            return head
    raise InputError(
        f"{path} names the labels {', '.join(labels)}: neither FER2013's seven nor FER+'s eight"
    )


def _reorder(
    labels: NDArray[np.integer], order: Sequence[str], wanted: Sequence[str]
) -> NDArray[np.integer]:
    """Renumber labels of one order of names to another, leaving -1 as it is."""
    position = np.array([*(wanted.index(name) for name in order), LEFT_OUT])
    return position[labels]  # -1 picks the last


def names(paths: Sequence[Path]) -> list[str]:
    """Name each model: its file's name, with as many folders before it as set it apart.

    Raises:
        InputError: a file is given twice, or two differ in their suffix alone.
    """
    whole = [path.resolve() for path in paths]
    for depth in range(1, max((len(path.parts) for path in whole), default=0)):
        found = [_safe("-".join((*path.parts[-depth:-1], path.stem))) for path in whole]
        if len(set(found)) == len(found):
            return found
    if not whole:
        return []
    raise InputError("two of the models are the same file, or of the same name: leave one out")


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name)
