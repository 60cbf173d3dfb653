"""The table ModelMetadata of TFLite Metadata, as bytes.

The tables and the numbers of their fields are those of `metadata_schema.fbs` (schema version 1.1.0,
file identifier "M001") in tensorflow/tflite-support. LiteRT has no code for that schema, so the few
tables are written here with the flatbuffers builder.
"""

from importlib.metadata import version
from typing import Any

from device.geometry import FACE_SIZE
from device.labels import OCCLUSION
from device.model.content import LABEL_FILE, OCCLUSION_FILE
from quantization.tflite.io_types import Color

_IDENTIFIER = b"M001"
_MIN_PARSER = "1.0.0"  # the first version has every field written here

_COLOR_SPACE = {"rgb": 1, "gray": 2}  # ColorSpaceType
_TENSOR_AXIS_LABELS = 2  # AssociatedFileType
_IMAGE_PROPERTIES = 2  # in the union ContentProperties
_FEATURE_PROPERTIES = 1
_NORMALIZATION_OPTIONS = 1  # in the union ProcessUnitOptions
_PIXELS = {"rgb": "red, green, blue", "gray": "gray"}


def write(
    name: str, description: str, mean: float, std: float, color: Color, *, occlusion: bool
) -> bytes:
    """Write the table ModelMetadata; the comments name the fields behind the numbers.

    Args:
        name: name of the model.
        description: its description.
        mean: mean of the normalization, in pixel values 0..255.
        std: its standard deviation, above 0.
        color: order of the input's channels.
        occlusion: whether the model has a second output, the hidden parts of the face.

    Returns:
        The content of the buffer TFLITE_METADATA.
    """
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    writer = _Writer(builder)
    extent = writer.table({}, uints={0: FACE_SIZE, 1: FACE_SIZE})  # width, height
    image = writer.table({1: extent}, bytes={0: _COLOR_SPACE[color]})  # color_space; default_size
    normalization = writer.table({0: writer.floats(mean), 1: writer.floats(std)})
    unit = writer.table({1: normalization}, bytes={0: _NORMALIZATION_OPTIONS})
    pixels = writer.table(
        {
            0: writer.text("image"),
            1: writer.text(f"a face, {FACE_SIZE}x{FACE_SIZE} {_PIXELS[color]} pixels 0..255"),
            3: writer.table({1: image}, bytes={0: _IMAGE_PROPERTIES}),  # content
            4: writer.tables(unit),  # process_units
            5: writer.table(  # stats: max, min
                {0: writer.floats((255 - mean) / std), 1: writer.floats((0 - mean) / std)}
            ),
        }
    )
    outputs = [_output(writer, "probability", "each expression", LABEL_FILE, "expressions")]
    if occlusion:
        outputs.append(
            _output(writer, OCCLUSION, "each hidden part of the face", OCCLUSION_FILE, "parts")
        )
    graph = writer.table({2: writer.tables(pixels), 3: writer.tables(*outputs)})
    model = writer.table(
        {
            0: writer.text(name),
            1: writer.text(description),
            2: writer.text(version("fer-edge")),
            3: writer.tables(graph),  # subgraph_metadata
            7: writer.text(_MIN_PARSER),
        }
    )
    builder.Finish(model, file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _output(writer: "_Writer", name: str, of: str, file: str, content: str) -> int:
    """The table of one output, a distribution over the labels of an associated file."""
    label_file = writer.table(
        {
            0: writer.text(file),
            1: writer.text(f"the {content}, one a line, in the order of the output"),
        },
        bytes={2: _TENSOR_AXIS_LABELS},
    )
    return writer.table(
        {
            0: writer.text(name),
            1: writer.text(f"probability of {of}"),
            3: writer.table({1: writer.table({})}, bytes={0: _FEATURE_PROPERTIES}),  # content
            5: writer.table({0: writer.floats(1.0), 1: writer.floats(0.0)}),  # stats: max, min
            6: writer.tables(label_file),  # associated_files
        }
    )


class _Writer:
    """Writes flatbuffer tables bottom up: the parts of a table before the table."""

    def __init__(self, builder: Any) -> None:
        self._builder = builder

    def table(
        self,
        offsets: dict[int, int],
        *,
        bytes: dict[int, int] | None = None,
        uints: dict[int, int] | None = None,
    ) -> int:
        """Write a table from offsets, bytes and 32-bit numbers by field number."""
        bytes, uints = bytes or {}, uints or {}
        self._builder.StartObject(max([-1, *offsets, *bytes, *uints]) + 1)
        for field, offset in offsets.items():
            self._builder.PrependUOffsetTRelativeSlot(field, offset, 0)
        for field, value in uints.items():
            self._builder.PrependUint32Slot(field, value, 0)
        for field, value in bytes.items():
            self._builder.PrependInt8Slot(field, value, 0)
        return int(self._builder.EndObject())

    def tables(self, *offsets: int) -> int:
        """Write a vector of tables."""
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())

    def floats(self, *values: float) -> int:
        """Write a vector of float32."""
        self._builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self._builder.PrependFloat32(value)
        return int(self._builder.EndVector())

    def text(self, value: str) -> int:
        """Write a string."""
        return int(self._builder.CreateString(value))
