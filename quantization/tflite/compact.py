"""Write a model as a smaller flatbuffer: equal vectors stored once, short tensor names.

An int8 file stores a scale and a 64-bit zero point for each channel of each weight and bias. All
these zero points are 0, and they take a sixth of a file of a few hundred kB. A flatbuffer may refer
to one vector from many places ("FlatBuffer Internals", flatbuffers.dev), which is transparent to
readers; the converter's writer never does this.
"""

import re
from typing import Any

WEIGHTS = "_w"
"""Suffix of the tensor names of weights."""

_NUMBERED = re.compile(r"(arith\.constant|tfl\.pseudo_qconst)\d*|c\d+")

_SHORT = re.compile(rf".*{WEIGHTS}(_\d+)?")  # in a file made from one written by fer-edge


def serialize(graph: Any) -> bytes:
    """Serialize a model; vectors of numbers that occur more than once are stored once.

    Args:
        graph: a `ModelT` of LiteRT's schema.

    Returns:
        The content of a `.tflite` file.
    """
    import flatbuffers

    class DedupingBuilder(flatbuffers.Builder):
        """A builder that remembers the vectors it has written."""

        def __init__(self) -> None:
            super().__init__(1 << 20)
            self._written: dict[tuple[str, bytes], int] = {}

        def CreateNumpyVector(self, x: Any) -> int:
            # Byte vectors are buffer contents, which have their own alignment.
            if x.dtype.itemsize == 1:
                return int(super().CreateNumpyVector(x))
            key = (x.dtype.str, x.tobytes())
            if key not in self._written:
                self._written[key] = super().CreateNumpyVector(x)
            return self._written[key]

    builder = DedupingBuilder()
    builder.Finish(graph.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def shorten_names(graph: Any) -> None:
    """Shorten tensor names to the names of the Keras layers, except those of inputs and outputs.

    `net/stage1_add/add;net/stage1_project/BiasAdd` becomes `stage1_add`, the weights of a layer
    become `stage1_project_w`, and a constant numbered by the converter (`arith.constant7`) becomes
    `c` and its index. Names stay unique, since other converters identify tensors by name.
    Informative ranges (min, max) are removed too.

    Args:
        graph: a `ModelT` of LiteRT's schema, changed in place.
    """
    for subgraph in graph.subgraphs:
        kept = {*subgraph.inputs, *subgraph.outputs}
        taken = {subgraph.tensors[index].name for index in kept}
        # Kernels get the layer's name before biases, which converters name alike.
        kernels = {op.inputs[1] for op in subgraph.operators if len(op.inputs) > 1}
        tensors = sorted(enumerate(subgraph.tensors), key=lambda each: each[0] not in kernels)
        for index, tensor in tensors:
            if tensor.quantization is not None:
                tensor.quantization.min = tensor.quantization.max = None
            if index in kept:
                continue
            content = graph.buffers[tensor.buffer].data
            is_constant = content is not None and len(content) > 0
            name = _short((tensor.name or b"").decode(), index, is_constant).encode()
            tensor.name = name if name not in taken else name + f"_{index}".encode()
            taken.add(tensor.name)


def _short(name: str, index: int, is_constant: bool) -> str:
    if not name or _NUMBERED.fullmatch(name):
        return f"c{index}"
    first, *path = name.split(";")[0].split("/")
    layer = path[0].removeprefix("quant_") if path else first
    return layer + WEIGHTS if is_constant and not _SHORT.fullmatch(layer) else layer
