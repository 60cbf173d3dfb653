"""A `.tflite` file as a value: what can be known of it without an interpreter, parsed once."""

import hashlib
import os
from functools import cached_property
from pathlib import Path

from device.model import card, content, graph, metadata
from device.model.graph import Graph
from device.model.metadata import Normalization


class ModelFile:
    """A model file. It is read and parsed on first use, each part once.

    Every property raises InputError where the file is missing, no `.tflite` or damaged.

    Attributes:
        path: the file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Name a file; nothing is read yet."""
        self.path = Path(path)

    @cached_property
    def content(self) -> bytes:
        """The whole file."""
        return content.read(self.path)

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the output."""
        return content.read_labels(self.content, self.path)

    @cached_property
    def graph(self) -> Graph:
        """Operators and tensors, checked."""
        return graph.parse(self.content, self.path)

    @cached_property
    def normalization(self) -> Normalization | None:
        """Normalization of the input that the file's metadata asks for; None if it names none."""
        return metadata.read_normalization(self.content, self.path)

    @cached_property
    def margin(self) -> float:
        """Margin of the face crop, from the card beside the file."""
        return card.margin(self.path)

    @property
    def precision(self) -> str:
        """Dtype of the first input, such as "int8"; "float32" for float16 and dynamic range."""
        inputs = self.graph.inputs
        return self.graph.tensors[inputs[0]].dtype if inputs else ""
