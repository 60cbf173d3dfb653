import io
import zipfile

import numpy as np
import pytest

from device.labels import FER2013
from quantization.tflite import metadata


@pytest.fixture
def model(mobile):
    """The parsed model of the int8 file."""
    from ai_edge_litert import schema_py_generated as schema

    return schema.Model.GetRootAs(mobile.file("int8").read_bytes(), 0)


def test_the_label_file_is_a_zip_member_stored_uncompressed(mobile):
    with zipfile.ZipFile(io.BytesIO(mobile.file("int8").read_bytes())) as archive:
        assert archive.namelist() == ["labels.txt"]
        assert archive.getinfo("labels.txt").compress_type == zipfile.ZIP_STORED
        assert archive.read("labels.txt").decode().splitlines() == list(FER2013)


def test_the_metadata_is_a_named_buffer_with_its_own_identifier(model):
    names = {model.Metadata(i).Name(): model.Metadata(i).Buffer() for i in range(3)}
    content = model.Buffers(names[b"TFLITE_METADATA"]).DataAsNumpy().tobytes()
    assert content[4:8] == b"M001"
    for text in (b"labels.txt", b"fer2013_int8", b"image", b"probability"):
        assert text in content
    assert np.float32(128).tobytes() in content


def test_every_buffer_is_aligned_as_the_schema_demands(model):
    for i in range(model.BuffersLength()):
        table = model.Buffers(i)._tab
        field = table.Offset(4)
        assert field == 0 or table.Vector(field) % 16 == 0


def test_labels_of_any_language_survive(mobile):
    from ai_edge_litert import schema_py_generated as schema

    plain = mobile.file("int8").read_bytes()
    written = metadata.embed(
        plain, name="n", description="d", labels=("wütend", "楽しい"), mean=0.0, std=1.0
    )
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        assert archive.read("labels.txt").decode() == "wütend\n楽しい\n"
    assert schema.Model.ModelBufferHasIdentifier(written, 0)


def test_a_buffer_behind_the_flatbuffer_keeps_its_content(mobile):
    """LiteRT's quantizer writes larger files like this; Buffer has an offset and a size."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    plain = mobile.file("int8").read_bytes()
    parsed = schema.ModelT.InitFromPackedBuf(plain)
    described = {entry.buffer for entry in parsed.metadata}  # which is written anew
    held = [b for i, b in enumerate(parsed.buffers) if i not in described and b.data is not None]
    largest = max(held, key=lambda b: len(b.data))
    content, largest.data = bytes(largest.data), None
    largest.offset = largest.size = 1 << 20  # any number takes as many bytes
    packed = flatbuffers.Builder()
    packed.Finish(parsed.Pack(packed), file_identifier=b"TFL3")
    largest.offset, largest.size = len(packed.Output()), len(content)
    again = flatbuffers.Builder()
    again.Finish(parsed.Pack(again), file_identifier=b"TFL3")
    moved = bytes(again.Output()) + content
    written = metadata.embed(moved, name="n", description="d", labels=FER2013, mean=0.0, std=1.0)
    buffers = schema.ModelT.InitFromPackedBuf(written).buffers
    assert content in [bytes(b.data) for b in buffers if b.data is not None]
    assert not any(b.offset for b in buffers)
