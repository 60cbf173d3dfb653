"""The models under test: a name for each file, and the labels that each is measured against."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.backends import backend as backends
from benchmarks.metrics import size
from benchmarks.models.external import ExternalModel
from benchmarks.models.external_spec import Spec
from benchmarks.protocol import LEFT_OUT
from device.errors import InputError
from device.labels import HEADS
from device.model import graph
from device.model.classifier import Classifier
from device.model.runtime import Resolver

if TYPE_CHECKING:
    from benchmarks.results.types import Head, Latency, ModelResult, SettingResult, Size


@dataclass(frozen=True)
class Setting:
    """What a model runs in.

    Attributes:
        backend: see `benchmarks.backends.backend`.
        resolver: kernels of a TensorFlow Lite runtime, see `device.model.classifier.Classifier`;
            None for another one.
        threads: of the kernels.
    """

    backend: str
    resolver: Resolver | None
    threads: int

    def __str__(self) -> str:
        """Say it in a few words: "litert builtin, 1 thread"."""
        words = f"{self.backend} {self.resolver}" if self.resolver else self.backend
        return f"{words}, {self.threads} {'thread' if self.threads == 1 else 'threads'}"

    def result(self, latency: "Latency") -> "SettingResult":
        """Give the entry of `sweep` in `results.json`."""
        return cast("SettingResult", asdict(self) | {"latency": latency})


@dataclass(frozen=True)
class ModelUnderTest:
    """One model, loaded.

    Attributes:
        name: unique among the models of a run and safe in a file name.
        head: whose labels it names, "fer2013" or "ferplus".
        classifier: the model in the device's interpreter.
        labels: integers [n] in the order of the model's own labels; -1 is left out.
        spec: how a model of others is fed and read; None for one of ours.
    """

    name: str
    head: str
    classifier: Classifier | ExternalModel
    labels: NDArray[np.integer]
    spec: Spec | None = None

    def runs_in(self, setting: Setting) -> bool:
        """Whether the model can be opened there: one of others in this process alone."""
        return self.spec is None or setting.backend == backends.own()

    def open(self, setting: Setting) -> Classifier | ExternalModel | backends.Worker:
        """Load the model once more.

        Raises:
            InputError: the backend is not there, or does not run it.
        """
        path, resolver = self.classifier.path, setting.resolver or "xnnpack"
        if self.spec:
            return ExternalModel(path, self.spec, threads=setting.threads, resolver=resolver)
        return backends.open(setting.backend, path, threads=setting.threads, resolver=resolver)

    def describe(self) -> "ModelResult":
        """Give the model's block of `results.json`, with nothing but the size measured yet."""
        path = self.classifier.path
        return {
            "name": self.name,
            "path": str(path),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "head": cast("Head", self.head),
            "labels": list(self.classifier.labels),
            "precision": size.precision(path),
            "input_dtype": self.classifier.precision,
            "runtime": self.classifier.runtime,
            "delegated": self.classifier.delegated,
            "peer": self.spec.describe() if self.spec else None,
            "size": self._size(),
            "accuracy": None,
            "accuracy_leak_free": None,
            "latency": None,
            "sweep": [],
            "cold": None,
            "operators": None,
            "throughput": None,
            "counts": [],
        }

    def _size(self) -> "Size":
        found = size.measure(self.classifier.path)
        if self.spec and not self.has_fixed_shape():
            found["multiply_adds"] = None  # they depend on the size of the input
        return found

    def has_fixed_shape(self) -> bool:
        """Whether the file itself gives the shape of the input that the model is fed with."""
        if self.spec is None:
            return True
        read = graph.load(self.classifier.path)
        return read.tensors[read.inputs[0]].shape == self.spec.shape


def load(
    models: Sequence[Path],
    labels: Mapping[str, NDArray[np.integer]],
    threads: int,
    specs: Mapping[Path, Spec],
    label_names: Mapping[str, Sequence[str]] = HEADS,
) -> list[ModelUnderTest]:
    """Load models and give each the labels that it can be measured against.

    Args:
        models: `.tflite` files.
        labels: for each head the integers [n] of the images, -1 where one is left out.
        threads: of the interpreter.
        specs: how those of others are fed and read.
        label_names: for each head what the integers stand for.

    Raises:
        InputError: a file is no model, names labels of no known set, or of one without data.
    """
    models_under_test = []
    for name, path in zip(names(models, specs), models, strict=True):
        spec = specs.get(path)
        classifier = ExternalModel(path, spec, threads=threads) if spec else _own(path, threads)
        head = _head(classifier.labels, label_names, path)
        if head not in labels or not (labels[head] != LEFT_OUT).any():
            raise InputError(f"{path} names the {head} labels, and the data has none of them")
        truth = _reorder(labels[head], label_names[head], classifier.labels)
        models_under_test.append(ModelUnderTest(name, head, classifier, truth, spec))
    return models_under_test


def _own(path: Path, threads: int) -> Classifier:
    """Load a model that feeds and names its labels as fer-edge's own do.

    Raises:
        InputError: it is damaged, or it does not, and the message names the option that helps.
    """
    graph.load(path)  # a damaged file is no matter of a description
    try:
        return Classifier(path, threads=threads)
    except InputError as error:
        raise InputError(
            f"{error}; a model of another project is described with --peer FILE, which "
            f"`fer-edge bench --peer-init {path}` begins"
        ) from error


def _head(labels: Sequence[str], heads: Mapping[str, Sequence[str]], path: Path) -> str:
    for head, known in heads.items():
        if sorted(labels) == sorted(known):
            return head
    known = " nor ".join(", ".join(names) for names in heads.values())
    raise InputError(f"{path} names the labels {', '.join(labels)}: neither {known}")


def _reorder(
    labels: NDArray[np.integer], order: Sequence[str], wanted: Sequence[str]
) -> NDArray[np.integer]:
    """Renumber labels of one order of names to another, leaving -1 as it is."""
    position = np.array([*(wanted.index(name) for name in order), LEFT_OUT])
    return position[labels]  # -1 picks the last


def names(paths: Sequence[Path], specs: Mapping[Path, Spec] | None = None) -> list[str]:
    """Name each model: its file's name, with as many folders before it as set it apart.

    A model of others has the name that its description gives it.

    Raises:
        InputError: a file is given twice, or two have the same name.
    """
    whole = [path.resolve() for path in paths]
    given = [_safe(specs[path].name) if specs and path in specs else None for path in paths]
    for depth in range(1, max((len(path.parts) for path in whole), default=0)):
        found = [
            name or _safe("-".join((*path.parts[-depth:-1], path.stem)))
            for name, path in zip(given, whole, strict=True)
        ]
        if len(set(found)) == len(found) == len(set(whole)):
            return found
    if not whole:
        return []
    raise InputError("two of the models are the same file, or of the same name: leave one out")


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name)
