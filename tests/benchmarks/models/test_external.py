import contextlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks.models import external_draft, external_file, reference
from benchmarks.models import model as model_under_test
from benchmarks.models.external import ExternalModel
from benchmarks.probes import raw_model
from device.errors import InputError
from device.labels import FER2013
from device.model.file import ModelFile
from device.model.metadata import Normalization

WORDS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")

DESCRIPTION = """
head = "fer2013"
labels = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
size = [48, 48]
mean = 128
std = 128
"""


def describe(folder: Path, text: str = DESCRIPTION, name: str = "other.toml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def dense(
    path: Path,
    height: int,
    width: int,
    *,
    shape: list[int] | None = None,
    open_shape: list[int] | None = None,
    extra_outputs: tuple[list[int], ...] = (),
) -> Path:
    """Write a float32 net with one layer, whose 7 outputs are logits.

    Args:
        shape: shape of the input; [1, height, width, 1] if None.
        open_shape: shape signature of the input, with -1 for dynamic sizes.
        extra_outputs: shapes of further outputs, which are the logits reshaped.
    """
    schema = raw_model.schema()
    shape = shape or [1, height, width, 1]
    pixels = height * width * (3 if 3 in shape else 1)
    kernel = np.random.default_rng(0).normal(0, 0.05, (7, pixels)).astype(np.float32)
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, model.buffers = 3, [graph], [schema.BufferT()]
    model.operatorCodes, graph.operators, graph.tensors = [], [], []

    def tensor(shape, values=None) -> int:
        one = schema.TensorT()
        one.name, one.shape, one.buffer = f"t{len(graph.tensors)}", shape, 0
        one.type = schema.TensorType.FLOAT32
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(values.tobytes(), np.uint8)
            one.buffer = len(model.buffers)
            one.type = schema.TensorType.FLOAT32 if values.dtype.kind == "f" else 2  # INT32
            model.buffers.append(buffer)
        graph.tensors.append(one)
        return len(graph.tensors) - 1

    def operator(kind, options, inputs, output) -> None:
        code, one = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
        code.version = 1
        one.opcodeIndex = len(model.operatorCodes)
        model.operatorCodes.append(code)
        one.inputs, one.outputs = inputs, [output]
        one.builtinOptionsType = getattr(schema.BuiltinOptions, options)
        one.builtinOptions = getattr(schema, f"{options}T")()
        graph.operators.append(one)

    graph.inputs, logits = [tensor(shape)], tensor([1, 7])
    if open_shape:
        graph.tensors[0].shapeSignature = open_shape
        graph.tensors[0].shape = [max(size, 1) for size in open_shape]
    weights = tensor([7, pixels], kernel)
    operator("FULLY_CONNECTED", "FullyConnectedOptions", [0, weights, -1], logits)
    graph.outputs = [logits]
    for other in extra_outputs:
        reshaped = tensor(other)
        wanted = tensor([len(other)], np.array(other, np.int32))
        operator("RESHAPE", "ReshapeOptions", [logits, wanted], reshaped)
        graph.operators[-1].builtinOptions.newShape = other
        graph.outputs = [*graph.outputs, reshaped]
    path.write_bytes(raw_model.pack(model))
    return path


def test_a_model_of_ours_that_is_described_answers_as_it_does_anyway(tmp_path, faces):
    spec, _ = external_file.load(describe(tmp_path))
    ours, peer = reference.load(), ExternalModel(reference.PATH, spec)
    assert (peer.precision, peer.delegated, peer.labels) == ("int8", True, FER2013)
    for face in faces[:5]:
        assert np.array_equal(ours(face), peer(face))


@pytest.mark.parametrize("resize", ["area", "linear"])
def test_a_face_is_resized_normalized_and_its_logits_become_probabilities(resize, tmp_path, faces):
    model = dense(tmp_path / "net.tflite", 64, 56)
    text = DESCRIPTION.replace("[48, 48]", "[64, 56]").replace("128", "127.5")
    file = describe(tmp_path, f'{text}resize = "{resize}"\nsoftmax = true\n')
    peer = ExternalModel(model, external_file.load(file)[0])
    found = peer(faces[0]).copy()

    ways = {"area": cv2.INTER_AREA, "linear": cv2.INTER_LINEAR}
    pixels = cv2.resize(faces[0], (56, 64), interpolation=ways[resize])
    kernel = np.random.default_rng(0).normal(0, 0.05, (7, 64 * 56)).astype(np.float32)
    logits = kernel @ ((pixels.ravel() - 127.5) / 127.5)
    wanted = np.exp(logits - logits.max())
    assert found == pytest.approx(wanted / wanted.sum(), abs=1e-5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("size = [48, 48]", "size = [64, 64]"), r"has input \[1, 48, 48, 1\]"),
        (("std = 128", 'std = 128\ndtype = "float32"'), "has int8 input"),
    ],
)
def test_a_model_that_is_not_as_described_is_refused(change, says, tmp_path):
    spec, _ = external_file.load(describe(tmp_path, DESCRIPTION.replace(*change)))
    with pytest.raises(InputError, match=says):
        ExternalModel(reference.PATH, spec)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_and_kernels_do_not_change_the_class(threads, tmp_path, faces):
    spec, _ = external_file.load(describe(tmp_path))
    wanted = reference.load()(faces[0]).argmax()
    assert ExternalModel(reference.PATH, spec, threads=threads, resolver="builtin")(
        faces[0]
    ).argmax() == (wanted)


def logits(faces, channels_last: np.ndarray) -> np.ndarray:
    kernel = np.random.default_rng(0).normal(0, 0.05, (7, channels_last.size)).astype(np.float32)
    return kernel @ channels_last.ravel().astype(np.float32)


def peer_of(tmp_path, model, more="") -> ExternalModel:
    return ExternalModel(model, external_file.load(describe(tmp_path, DESCRIPTION + more))[0])


def test_channels_first_and_a_mean_for_each_channel(tmp_path, faces):
    model = dense(tmp_path / "net.tflite", 48, 48, shape=[1, 3, 48, 48])
    text = DESCRIPTION.replace("mean = 128", "mean = [123, 117, 104]")
    text = text.replace("std = 128", "std = [58, 57, 57.5]") + 'channels = 3\nlayout = "NCHW"\n'
    found = ExternalModel(model, external_file.load(describe(tmp_path, text))[0])(faces[0])
    planes = [(faces[0] - m) / s for m, s in ((123.0, 58), (117.0, 57), (104.0, 57.5))]
    assert found == pytest.approx(logits(faces, np.stack(planes)), abs=1e-4)


def test_channels_in_the_other_order_are_named(tmp_path):
    model = dense(tmp_path / "net.tflite", 48, 48, shape=[1, 3, 48, 48])
    with pytest.raises(InputError, match='says \\[1, 48, 48, 3\\]: give layout = "NCHW"'):
        peer_of(tmp_path, model, "channels = 3")


def test_a_dynamic_input_takes_the_described_size(tmp_path, faces):
    model = dense(tmp_path / "net.tflite", 48, 48, open_shape=[-1, -1, -1, 1])
    found = peer_of(tmp_path, model)(faces[0])
    assert found == pytest.approx(logits(faces, (faces[0] - 128.0) / 128), abs=1e-4)
    with pytest.raises(InputError, match=r"net\.tflite cannot be loaded") as caught:
        text = DESCRIPTION.replace("[48, 48]", "[40, 40]")
        ExternalModel(model, external_file.load(describe(tmp_path, text))[0])
    assert "\n" not in str(caught.value)


def test_an_output_is_chosen_by_number_or_name_and_may_have_more_axes(tmp_path, faces):
    model = dense(tmp_path / "net.tflite", 48, 48, extra_outputs=([1, 1, 1, 7], [7, 1]))
    wanted = pytest.approx(logits(faces, (faces[0] - 128.0) / 128), abs=1e-4)
    for output in ("1", '"t3"', "2"):
        assert peer_of(tmp_path, model, f"output = {output}")(faces[0]) == wanted
    with pytest.raises(InputError, match=r"outputs 0 t1 \[1, 7\]; 1 t3 .* give output = NUMBER"):
        peer_of(tmp_path, model)
    with pytest.raises(InputError, match="none or several of them are 9"):
        peer_of(tmp_path, model, "output = 9")


def test_without_a_description_the_option_is_named(tmp_path):
    model = dense(tmp_path / "net.tflite", 48, 48)
    truth = {"fer2013": np.zeros(3, int)}
    with pytest.raises(InputError, match=r"--peer FILE, .*--peer-init .*net\.tflite") as caught:
        model_under_test.load([model], truth, 1, {})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({}, ["size = [48, 48]", "channels = 1", 'layout = "NHWC"', "softmax = true"]),
        ({"shape": [1, 3, 48, 48]}, ["channels = 3", 'layout = "NCHW"']),
        ({"open_shape": [-1, -1, -1, 1]}, ["size = [48, 48]  # CHECK"]),
        ({"extra_outputs": ([1, 1, 1, 7],)}, ["output = 0"]),
    ],
)
def test_a_first_description_can_be_read_and_measured(options, lines, tmp_path, faces):
    model = dense(tmp_path / "net.tflite", 48, 48, **options)
    text = external_draft.draft(model)
    for line in lines:
        assert line in text
    file = describe(tmp_path, text, "net.toml")
    specs = external_file.assign([model], [file])
    assert ExternalModel(model, specs[model])(faces[0]).sum() == pytest.approx(1, abs=1e-5)


def test_a_first_description_knows_what_the_file_says(tmp_path, faces):
    text = external_draft.draft(reference.PATH)
    assert "CHECK the order" not in text and "softmax = false" in text
    assert external_file.load(describe(tmp_path, text))[0].labels == FER2013


def test_a_first_description_takes_the_normalization_of_the_metadata(tmp_path, monkeypatch):
    found = Normalization((10.0,), (0.5,))
    monkeypatch.setattr(ModelFile, "normalization", found)
    text = external_draft.draft(reference.PATH)
    spec = external_file.load(describe(tmp_path, text))[0]
    assert (spec.mean, spec.std) == ((10.0,), (0.5,))


def test_labels_in_other_words_are_translated(tmp_path):
    text = DESCRIPTION.replace('"angry"', '"Wut"') + '[words]\nWut = "angry"\n'
    assert external_file.load(describe(tmp_path, text))[0].labels == FER2013


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("labels = [", "is not TOML"),
        ('head = "fer2013"', "labels is missing, and so are size, mean, std"),
        (DESCRIPTION + "color = 1", "color is not a key of a description"),
        (DESCRIPTION.replace("fer2013", "affectnet"), "head is 'affectnet': give 'fer2013'"),
        (DESCRIPTION.replace('"angry"', '"anger"'), r"labels are anger.*\[words\]"),
        (DESCRIPTION.replace('"angry"', '"happy"'), "labels are happy"),
        (DESCRIPTION.replace("[48, 48]", "48"), "size is 48"),
        (DESCRIPTION.replace("[48, 48]", "[48, 0]"), "size.1 is 0: give 1 or more"),
        (DESCRIPTION.replace("std = 128", "std = 0"), "std.0 is 0: give more than 0"),
        (DESCRIPTION.replace("mean = 128", "mean = nan"), "mean is nan: give a number"),
        (DESCRIPTION + "chanels = 1", "did you mean channels"),
        (DESCRIPTION + "channels = 2", "channels is 2: give 1 or 3"),
        (DESCRIPTION + "output = -1", "output: give the number"),
        (DESCRIPTION + 'layout = "CHW"', "layout is 'CHW': give 'NHWC' or 'NCHW'"),
        (DESCRIPTION.replace("std = 128", "std = [1, 2]"), "std has 2 values for 1 channels"),
        (DESCRIPTION.replace("std = 128", "std = []"), r"std is \[\]: give 1 or more values"),
        (DESCRIPTION + 'resize = "cubic"', "resize is 'cubic'"),
        (DESCRIPTION + "softmax = 1", "softmax is 1: give true or false"),
    ],
)
def test_a_wrong_description_is_named_in_one_line(text, says, tmp_path):
    file = describe(tmp_path, text)
    with pytest.raises(InputError, match=says) as caught:
        external_file.load(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.one_of(st.integers(), st.text(max_size=3), st.none()), max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)


@given(st.sampled_from(sorted(external_file.Description.model_fields)), _VALUES)
def test_any_value_is_read_or_refused(name, value):
    values = {"head": "fer2013", "labels": list(FER2013), "size": [48, 48], "mean": 0, "std": 1}
    with contextlib.suppress(ValidationError):
        external_file.Description.model_validate(values | {name: value})


def test_a_description_finds_its_model_by_name_or_path(tmp_path):
    models = [tmp_path / "a" / "net.tflite", tmp_path / "other.tflite"]
    named = describe(tmp_path, 'model = "a/net.tflite"\n' + DESCRIPTION, "x.toml")
    found = external_file.assign(models, [named, describe(tmp_path)])
    assert [found[model].name for model in models] == ["net", "other"]


def test_a_description_without_its_model_or_of_a_described_one_is_refused(tmp_path):
    file = describe(tmp_path)
    with pytest.raises(InputError, match="which is not among the models"):
        external_file.assign([tmp_path / "a.tflite"], [file])
    with pytest.raises(InputError, match="described twice"):
        external_file.assign([tmp_path / "other.tflite"], [file, file])
    with pytest.raises(InputError, match="cannot be read"):
        external_file.assign([], [tmp_path / "none.toml"])
