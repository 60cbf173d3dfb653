"""Standard TFLite Metadata: describes input and output to tools other than fer-edge.

As with the standard writer of tensorflow/tflite-support, the metadata is a buffer of the model
named TFLITE_METADATA, and the label file is a member of a zip archive appended to the model.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from device.labels import OCCLUSION
from device.model.content import LABEL_FILE, OCCLUSION_FILE
from device.model.flatbuffer import Flatbuffer
from quantization.tflite import compact, first_convolution, metadata_table
from quantization.tflite.io_types import Color

_BUFFER_NAME = b"TFLITE_METADATA"
_ALIGNMENT = 16  # force_align of Buffer.data in TFLite's schema


def embed(
    model: bytes,
    *,
    name: str,
    description: str,
    labels: Sequence[str],
    mean: float,
    std: float,
    space_to_depth: bool = False,
    float16_arithmetic: bool = False,
    parts: Sequence[str] = (),
) -> bytes:
    """Add metadata and the label file to a converted model: gray image input, softmax output.

    The result is smaller than the converter's file, see `quantization.tflite.compact`.

    The same arguments give the same bytes.

    Args:
        model: content of a `.tflite` file without metadata.
        name: model name.
        description: one-line description of the model.
        labels: output labels, in order.
        mean: pixel mean of the normalization that the caller has to do, (pixel - mean) / std
            (apart from quantization).
        std: pixel standard deviation of that normalization.
        space_to_depth: whether to compute the first convolution over blocks of pixels, if that is
            equivalent; see `quantization.tflite.first_convolution`.
        float16_arithmetic: whether XNNPACK may compute in float16 where the processor supports it.
        parts: labels of the second output, the hidden part of the face; empty without one.

    Returns:
        The content of the file with metadata.
    """
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.ModelT.InitFromPackedBuf(model)
    for buffer in graph.buffers:
        buffer.data = _content(buffer, model)
    compact.shorten_names(graph)
    if parts:
        _occlusion_last(graph)
    if space_to_depth:
        first_convolution.to_blocks(graph)
    if float16_arithmetic:
        _allow_float16(graph, schema)
    return attach(
        graph, name=name, description=description, labels=labels, mean=mean, std=std, parts=parts
    )


def attach(
    graph: Any,
    *,
    name: str,
    description: str,
    labels: Sequence[str],
    mean: float,
    std: float,
    color: Color = "gray",
    parts: Sequence[str] = (),
) -> bytes:
    """Serialize a model with new metadata, which replaces the existing one, and the label file.

    Args:
        graph: a `ModelT` of LiteRT's schema, changed in place.
        name: model name.
        description: one-line description of the model.
        labels: output labels, in order.
        mean: pixel mean of the normalization that the caller has to do.
        std: pixel standard deviation of that normalization.
        color: color format of the input.
        parts: labels of the second output, the hidden part of the face; empty without one.

    Returns:
        The content of the file with metadata.
    """
    from ai_edge_litert import schema_py_generated as schema

    graph.metadata = [*(graph.metadata or [])]
    entry = next((each for each in graph.metadata if each.name == _BUFFER_NAME), None)
    contents = [buffer.data for buffer in graph.buffers]
    if entry is None:
        entry = schema.MetadataT()
        entry.name, entry.buffer = _BUFFER_NAME, len(contents)
        graph.metadata.append(entry)
        contents.append(None)
    contents[entry.buffer] = list(
        metadata_table.write(name, description, mean, std, color, occlusion=bool(parts))
    )
    graph.buffers = [_aligned_buffer(schema, content) for content in contents]
    return append_labels(compact.serialize(graph), labels, parts)


def _occlusion_last(graph: Any) -> None:
    """Put the output of the expressions first; the converter orders two outputs as it likes."""
    outputs = graph.signatureDefs[0].outputs
    outputs.sort(key=lambda output: output.name == OCCLUSION.encode())
    graph.subgraphs[0].outputs = [output.tensorIndex for output in outputs]


def _allow_float16(graph: Any, schema: Any) -> None:
    """Add the metadata that allows float16 accumulation.

    The key and its value are those of LiteRT's reduced_precision_metadata.h; XNNPACK's delegate
    reads them, and runs the graph in float32 on processors without float16 arithmetic.
    """
    entry, buffer = schema.MetadataT(), schema.BufferT()
    entry.name, entry.buffer = "reduced_precision_support", len(graph.buffers)
    buffer.data = list(b"fp16accfp16")
    graph.metadata = [*(graph.metadata or []), entry]
    graph.buffers = [*graph.buffers, buffer]


def _content(buffer: Any, model: bytes) -> Any:
    """Content of a buffer; LiteRT's quantizer stores it after the flatbuffer, at an offset."""
    if buffer.offset:
        return list(model[buffer.offset : buffer.offset + buffer.size])
    return buffer.data


def description(graph: Any) -> str | None:
    """The description in a `ModelT` of LiteRT's schema; None if it has none."""
    for entry in graph.metadata or []:
        if entry.name == _BUFFER_NAME:
            content = bytes(graph.buffers[entry.buffer].data)
            return Flatbuffer(content).root().text(1) or None
    return None


def _aligned_buffer(schema: Any, content: Any) -> Any:
    """A buffer whose data starts at a multiple of 16 bytes.

    The schema requires this, since kernels read weights as wide words; the C++ writer does it, the
    Python object API does not.
    """
    import numpy as np

    class Aligned(schema.BufferT):
        def Pack(self, builder: Any) -> Any:
            if self.data is not None:
                builder.Prep(_ALIGNMENT, len(self.data))
            return super().Pack(builder)

    return Aligned(data=None if content is None else np.asarray(content, np.uint8))


def append_labels(model: bytes, labels: Sequence[str], parts: Sequence[str] = ()) -> bytes:
    """Append a zip archive with the label file of each output; see `append_files`.

    Args:
        model: content of a `.tflite` file without an archive.
        labels: labels in the order of the output.
        parts: labels of the second output; empty without one.
    """
    files = {LABEL_FILE: labels} | ({OCCLUSION_FILE: parts} if parts else {})
    lines = {name: "".join(f"{label}\n" for label in each) for name, each in files.items()}
    return append_files(model, lines)


def append_files(model: bytes, files: Mapping[str, str]) -> bytes:
    """Append a zip archive of text files, uncompressed so that readers can map it.

    Args:
        model: content of a `.tflite` file without an archive.
        files: text by name.

    Returns:
        The content of the file with the archive; the same arguments give the same bytes.
    """
    file = io.BytesIO(model)
    with zipfile.ZipFile(file, mode="a", compression=zipfile.ZIP_STORED) as archive:
        for name, text in files.items():
            # The default date of a ZipInfo is 1980, so the same model gives the same bytes.
            archive.writestr(zipfile.ZipInfo(name), text)
    return file.getvalue()
