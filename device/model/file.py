"""A `.tflite` file and its properties that need no interpreter, each parsed once."""

import hashlib
import os
from functools import cached_property
from pathlib import Path

from device.model import card, content, graph, metadata
from device.model.graph import Graph
from device.model.metadata import Normalization


class ModelFile:
    """A model file. It is read and parsed on first use, each part once.

    Every property raises InputError if the file is missing, not a `.tflite` or damaged.

    Attributes:
        path: path of the file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Create a model file; nothing is read yet."""
        self.path = Path(path)

    @cached_property
    def content(self) -> bytes:
        """Content of the whole file."""
        return content.read(self.path)

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Class names, in the order of the output."""
        return content.read_labels(self.content, self.path)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Classes of the second output, the hidden part of a face; empty without one."""
        return content.read_parts(self.content, self.path)

    @cached_property
    def graph(self) -> Graph:
        """Operators and tensors, checked."""
        return graph.parse(self.content, self.path)

    @cached_property
    def normalization(self) -> Normalization | None:
        """Normalization of the input from the file's metadata; None if there is none."""
        return metadata.read_normalization(self.content, self.path)

    @cached_property
    def margin(self) -> float:
        """Margin of the face crop, from the card next to the file."""
        return card.margin(self.path)

    @property
    def precision(self) -> str:
        """Dtype of the first input, such as "int8"; "float32" for float16 and dynamic range."""
        inputs = self.graph.inputs
        return self.graph.tensors[inputs[0]].dtype if inputs else ""
