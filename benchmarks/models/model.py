"""The models under test, with their names and the labels that they are measured against."""

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
    """Runtime settings of a model.

    Attributes:
        backend: see `benchmarks.backends.backend`.
        resolver: kernels of a TensorFlow Lite runtime, see `device.model.classifier.Classifier`;
            None for others.
        threads: number of threads of the kernels.
    """

    backend: str
    resolver: Resolver | None
    threads: int

    def __str__(self) -> str:
        """Short description such as "litert builtin, 1 thread"."""
        words = f"{self.backend} {self.resolver}" if self.resolver else self.backend
        return f"{words}, {self.threads} {'thread' if self.threads == 1 else 'threads'}"

    def result(self, latency: "Latency") -> "SettingResult":
        """Return the entry of `sweep` in `results.json`."""
        return cast("SettingResult", asdict(self) | {"latency": latency})


@dataclass(frozen=True)
class ModelUnderTest:
    """One loaded model.

    Attributes:
        name: name that is unique among the models of a session and safe as a file name.
        head: head that has its labels, "fer2013" or "ferplus".
        classifier: the model in the interpreter of this process.
        labels: integers [n], true classes of the images in the order of the model's labels; -1 is
            left out.
        spec: specification of an external model; None for others.
    """

    name: str
    head: str
    classifier: Classifier | ExternalModel
    labels: NDArray[np.integer]
    spec: Spec | None = None

    def runs_in(self, setting: Setting) -> bool:
        """Whether the model can be opened in a setting; external models only in this process."""
        return self.spec is None or setting.backend == backends.own()

    def open(self, setting: Setting) -> Classifier | ExternalModel | backends.Worker:
        """Load the model again, in a setting.

        Raises:
            InputError: the backend is missing, or does not run the model.
        """
        path, resolver = self.classifier.path, setting.resolver or "xnnpack"
        if self.spec:
            return ExternalModel(path, self.spec, threads=setting.threads, resolver=resolver)
        return backends.open(setting.backend, path, threads=setting.threads, resolver=resolver)

    def describe(self) -> "ModelResult":
        """Return the model's block of `results.json` with the size, before other measurements."""
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
            found["multiply_adds"] = None  # they depend on the dynamic size of the input
        return found

    def has_fixed_shape(self) -> bool:
        """Whether the shape of the input in the file is the one that the model is run with."""
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
    """Load models and assign to each the labels that it is measured against.

    Args:
        models: `.tflite` files.
        labels: by head, integers [n]; -1 for images that are left out.
        threads: number of threads of the interpreter.
        specs: specifications of external models by file.
        label_names: by head, the names of its classes.

    Raises:
        InputError: a file is not a model, has labels of no known set, or of a set that the data
            lacks.
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
    """Load a model that needs no description.

    Raises:
        InputError: the file is damaged, or the model needs a description; the message names the
            option.
    """
    graph.load(path)  # report a damaged file as such
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
    """Renumber labels from one order of names to another; -1 stays."""
    position = np.array([*(wanted.index(name) for name in order), LEFT_OUT])
    return position[labels]  # index -1 selects the last entry, which is -1


def names(paths: Sequence[Path], specs: Mapping[Path, Spec] | None = None) -> list[str]:
    """Name each model by its file, with as many folders as needed to make the name unique.

    External models have the name that their description gives them.

    Raises:
        InputError: a file is given twice, or two models have the same name.
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
