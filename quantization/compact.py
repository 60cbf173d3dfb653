"""A smaller flatbuffer for the same model: equal vectors stored once, short tensor names.

An int8 file names a scale and a 64-bit zero point for each channel of each weight and bias. All
those zero points are 0, and a net of a few hundred kB spends a sixth of them on that. A flatbuffer
may refer to one vector from many places ("FlatBuffer Internals", flatbuffers.dev), which readers do
not notice; the converter's writer never does it.
"""

from typing import Any


def pack(graph: Any) -> bytes:
    """Write a model with every vector of numbers that occurs twice stored once.

    Args:
        graph: a `ModelT` of LiteRT's schema.

    Returns:
        A `.tflite` file's content.
    """
    import flatbuffers

    class Sharing(flatbuffers.Builder):
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

    builder = Sharing()
    builder.Finish(graph.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def shorten_names(graph: Any) -> None:
    """Leave of the tensors' names the Keras layer's; those of inputs and outputs stay.

    `net/stage1_add/add;net/stage1_project/BiasAdd` becomes `stage1_add`. Constants that the
    converter numbered (`arith.constant7`) belong to no layer and lose their name. Ranges that were
    only kept for information go too.

    Args:
        graph: a `ModelT` of LiteRT's schema, changed in place.
    """
    for subgraph in graph.subgraphs:
        kept = {*subgraph.inputs, *subgraph.outputs}
        for index, tensor in enumerate(subgraph.tensors):
            if tensor.quantization is not None:
                tensor.quantization.min = tensor.quantization.max = None
            if index not in kept and tensor.name is not None:
                tensor.name = _layer(tensor.name.decode()).encode()


def _layer(name: str) -> str:
    path = name.split(";")[0].split("/")
    if len(path) == 1:
        return ""
    return path[1].removeprefix("quant_")
