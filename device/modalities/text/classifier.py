"""Classifier for text: hashed n-grams in, probabilities out of a `.tflite` model."""

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.modalities.text.features import NGrams
from device.model.file import ModelFile
from device.model.graph import Graph
from device.model.runtime import build

FEATURE_FILE = "text_features.json"
"""Associated file of the model, beside `labels.txt`: the fields of `NGrams` as JSON."""

_MAX_FEATURE_FILE = 10_000  # bytes
_RANGES = {
    "buckets": (1, 1 << 24),
    "words": (1, 4096),
    "per_word": (1, 256),
    "shortest": (1, 16),
    "longest": (1, 16),
}


class TextClassifier:
    """A text model whose interpreter is built once and reused.

    Attributes:
        path: the model file.
        labels: classes in the order of the output, from the file's metadata.
        features: parameters of the input features.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 1) -> None:
        """Load and validate a model.

        Args:
            path: `.tflite` file with input int32 [1, words, n-grams], one output [1, labels] of
                int8 or float32 probabilities, and the associated files `labels.txt` and
                `text_features.json`.
            threads: number of kernel threads.

        Raises:
            InputError: the file is missing or damaged, is not a text model, or its tensors do not
                match `text_features.json`.
        """
        file = ModelFile(path)
        self.path = file.path
        self.labels = file.labels
        self.features = read_features(file.content, self.path)
        _check_table(file.graph, self.features, self.path)
        self._interpreter, inputs, outputs, _ = build(file.content, self.path, threads)
        _check_shapes(inputs, outputs, self.features, len(self.labels), self.path)
        self._input, self._output = inputs[0]["index"], outputs[0]["index"]
        scale, zero_point = outputs[0]["quantization"]
        self._scale, self._zero_point = (float(scale) or 1.0), int(zero_point)

    def __call__(self, text: str) -> npt.NDArray[np.float32]:
        """Classify one text.

        Args:
            text: any text; a text without words is classified as an empty one.

        Returns:
            float32 [labels], probabilities in the order of `labels`, summing to 1; a new array.

        Raises:
            InputError: a kernel fails, or the output is not a distribution.
        """
        return self.classify(self.features.ids(text))

    def classify(self, ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Classify the n-grams of one text, int32 [words, n-grams]; see `__call__`."""
        try:
            self._interpreter.set_tensor(self._input, ids[np.newaxis])
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{self.path} cannot be run: {error}; export it again") from error
        raw = self._interpreter.get_tensor(self._output)[0].astype(np.float32)
        probabilities = np.maximum((raw - self._zero_point) * self._scale, 0, dtype=np.float32)
        total = float(probabilities.sum())
        if not 0 < total < 2:  # NaN, too
            raise InputError(f"{self.path}: its output is not a distribution: export it again")
        return np.asarray(probabilities / total, np.float32)


def read_features(content: bytes, path: Path) -> NGrams:
    """Read the feature parameters from the zip archive appended to a model.

    Raises:
        InputError: the associated file is missing (as in a face model) or damaged.
    """
    try:
        with (
            zipfile.ZipFile(io.BytesIO(content)) as archive,
            archive.open(FEATURE_FILE) as member,
        ):
            values: Any = json.loads(member.read(_MAX_FEATURE_FILE))
    except (KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} is not a text model (it has no {FEATURE_FILE}): use a file made by "
            "fer-edge text"
        ) from error
    except (OSError, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path}: its {FEATURE_FILE} is damaged: export it again") from error
    fits = isinstance(values, dict) and values.keys() == _RANGES.keys()
    if not fits or not all(_within(values[name], *_RANGES[name]) for name in _RANGES):
        raise InputError(f"{path}: its {FEATURE_FILE} has values out of range: export it again")
    return NGrams(**values)


def _within(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _check_table(graph: Graph, features: NGrams, path: Path) -> None:
    """Check that every id is inside the embedding table, which the kernels do not check."""
    tables = [graph.tensors[op.inputs[0]] for op in graph.operators if op.name == "GATHER"]
    if not tables or any(table.shape[0] <= features.buckets for table in tables):
        raise InputError(
            f"{path}: its embedding table is smaller than {FEATURE_FILE} requires: export it again"
        )


def _check_shapes(
    inputs: list[dict[str, Any]],
    outputs: list[dict[str, Any]],
    features: NGrams,
    labels: int,
    path: Path,
) -> None:
    wanted = (1, features.words, features.per_word)
    if len(inputs) != 1 or len(outputs) != 1:
        raise InputError(f"{path} has several inputs or outputs: it is not a text model")
    shape, dtype = tuple(inputs[0]["shape"].tolist()), np.dtype(inputs[0]["dtype"])
    if shape != wanted or dtype != np.int32:
        raise InputError(f"{path}: its input is {dtype} {list(shape)}, not int32 {list(wanted)}")
    shape, dtype = tuple(outputs[0]["shape"].tolist()), np.dtype(outputs[0]["dtype"])
    if shape != (1, labels) or dtype not in (np.dtype(np.int8), np.dtype(np.float32)):
        raise InputError(f"{path}: its output is {dtype} {list(shape)}, but it has {labels} labels")
