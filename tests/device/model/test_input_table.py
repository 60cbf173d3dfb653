"""The model input for each pixel value, and the normalization in a file's metadata."""

from pathlib import Path

import flatbuffers
import numpy as np
import pytest

from device.errors import InputError
from device.model.classifier import Classifier
from device.model.file import ModelFile
from device.model.input_table import TensorDetails, input_table
from device.model.metadata import Normalization

PATH = Path("model.tflite")
PIXELS = np.arange(256)
FLOAT = TensorDetails(np.dtype(np.float32), 0.0, 0)


def metadata(mean, std):
    """Standard metadata with the normalization of one input, as a flatbuffer."""
    builder = flatbuffers.Builder()

    def floats(values):
        return builder.CreateNumpyVector(np.array(values, np.float32))

    def vector(offset):
        builder.StartVector(4, 1, 4)
        builder.PrependUOffsetTRelative(offset)
        return builder.EndVector()

    def table(size, fields):
        builder.StartObject(size)
        for number, value in fields.items():
            if number == "type":
                builder.PrependUint8Slot(0, value, 0)
            else:
                builder.PrependUOffsetTRelativeSlot(number, value, 0)
        return builder.EndObject()

    options = table(2, {0: floats(mean), 1: floats(std)})
    unit = vector(table(2, {"type": 1, 1: options}))
    tensor = vector(table(7, {4: unit}))
    subgraph = vector(table(8, {2: tensor}))
    builder.Finish(table(8, {3: subgraph}), file_identifier=b"M001")
    return bytes(builder.Output())


def with_metadata(content, mean, std):
    """Add metadata to a model without any."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    model = schema.ModelT.InitFromPackedBuf(content)
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(metadata(mean, std), np.uint8)
    entry = schema.MetadataT()
    entry.name, entry.buffer = "TFLITE_METADATA", len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def test_a_float_input_without_metadata_gets_the_pixel():
    np.testing.assert_array_equal(input_table(FLOAT, None, PATH), PIXELS)


@pytest.mark.parametrize(("mean", "std"), [(0.0, 255.0), (127.5, 127.5), (129.3, 68.2), (0.0, 1.0)])
def test_a_float_input_is_normalized_as_the_file_says(mean, std):
    table = input_table(FLOAT, Normalization((mean,), (std,)), PATH)
    np.testing.assert_allclose(table, (PIXELS - mean) / std, rtol=1e-5, atol=1e-6)


def test_a_quantized_input_is_normalized_and_quantized():
    details = TensorDetails(np.dtype(np.uint8), 1 / 128, 128)
    table = input_table(details, Normalization((127.5,), (127.5,)), PATH)
    assert table.dtype == np.uint8
    assert np.abs(table.astype(int) - PIXELS).max() <= 1


def test_a_normalization_that_the_input_cannot_hold_is_refused():
    details = TensorDetails(np.dtype(np.int8), 1 / 128, 0)
    with pytest.raises(InputError, match=r"model\.tflite: its metadata normalizes by"):
        input_table(details, Normalization((0.0,), (1.0,)), PATH)


def test_values_for_other_channels_are_refused_and_one_value_serves_all():
    three = Normalization((1.0, 2.0, 3.0), (1.0, 1.0, 1.0))
    with pytest.raises(InputError, match="normalizes 3 channels and its input has 1"):
        input_table(FLOAT, three, PATH)
    assert three.for_channels(3, PATH) == three
    assert Normalization((5.0,), (2.0,)).for_channels(3, PATH).mean == (5.0, 5.0, 5.0)


def test_a_model_answers_as_its_metadata_says(bare_models, save_model, tmp_path, faces):
    """A net on pixel / 255 predicts the same as the net on raw pixels does for the scaled face."""
    raw, scaled = tmp_path / "raw.tflite", tmp_path / "scaled.tflite"
    save_model(raw, bare_models["float32"])
    save_model(scaled, with_metadata(bare_models["float32"], [10.0], [0.5]))
    assert ModelFile(scaled).normalization == Normalization((10.0,), (0.5,))
    assert ModelFile(raw).normalization is None
    face = (faces[0] // 4) + 60
    expected = Classifier(raw)((face - 10) * 2).copy()
    np.testing.assert_allclose(Classifier(scaled)(face), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("mean", "std"), [([0.0], [0.0]), ([np.nan], [1.0]), ([0.0, 0.0], [1.0]), ([0.0], [np.inf])]
)
def test_a_normalization_without_sense_is_refused(bare_models, save_model, tmp_path, mean, std):
    path = tmp_path / "odd.tflite"
    save_model(path, with_metadata(bare_models["float32"], mean, std))
    with pytest.raises(InputError, match=r"odd\.tflite: its metadata"):
        Classifier(path)
