"""A smaller flatbuffer for the same model: equal vectors stored once, short tensor names.

An int8 file names a scale and a 64-bit zero point for each channel of each weight and bias. All
those zero points are 0, and a net of a few hundred kB spends a sixth of them on that. A flatbuffer
may refer to one vector from many places ("FlatBuffer Internals", flatbuffers.dev), which readers do
not notice; the converter's writer never does it.
"""

import re
from typing import Any

WEIGHTS = "_w"
"""What the name of a layer's weights ends with."""

_NUMBERED = re.compile(r"(arith\.constant|tfl\.pseudo_qconst)\d*|c\d+")

_SHORT = re.compile(rf".*{WEIGHTS}(_\d+)?")  # in a file that is made of one of ours


def serialize(graph: Any) -> bytes:
    """Write a model with every vector of numbers that occurs twice stored once.

    Args:
        graph: a `ModelT` of LiteRT's schema.

    Returns:
        A `.tflite` file's content.
    """
    import flatbuffers

    class DedupingBuilder(flatbuffers.Builder):
        """A builder that remembers the vectors it has written."""

        def __init__(self) -> None:
            super().__init__(1 << 20)
            self._written: dict[tuple[str, bytes], int] = {}

        def CreateNumpyVector(self, x: Any) -> int:
            # Bytes are the content of buffers, which need an alignment of their own.
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
    """Leave of the tensors' names the Keras layer's; those of inputs and outputs stay.

    `net/stage1_add/add;net/stage1_project/BiasAdd` becomes `stage1_add`, the weights of a layer
    `stage1_project_w`, and a constant that the converter numbered (`arith.constant7`) `c` and its
    index. No two tensors share a name: other converters tell tensors apart by it. Ranges that were
    only kept for information go too.

    Args:
        graph: a `ModelT` of LiteRT's schema, changed in place.
    """
    for subgraph in graph.subgraphs:
        kept = {*subgraph.inputs, *subgraph.outputs}
        taken = {subgraph.tensors[index].name for index in kept}
        # A kernel takes its layer's name before the bias does, which converters name alike.
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
