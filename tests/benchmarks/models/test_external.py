from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.models import external_spec, reference
from benchmarks.models.external import ExternalModel
from benchmarks.probes import raw_model
from device.errors import InputError
from device.labels import FER2013

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


def dense(path: Path, height: int, width: int) -> Path:
    """Write a float32 net of one layer with 7 outputs, which is logits."""
    schema = raw_model.schema()
    kernel = np.random.default_rng(0).normal(0, 0.05, (7, height * width)).astype(np.float32)
    values = schema.BufferT()
    values.data = np.frombuffer(kernel.tobytes(), np.uint8)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version = 1
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 1, -1], [2]
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = schema.FullyConnectedOptionsT()
    graph = schema.SubGraphT()
    shapes = ([1, height, width, 1], [7, height * width], [1, 7])
    graph.tensors = []
    for i, shape in enumerate(shapes):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = f"t{i}", shape, int(i == 1)
        tensor.type = schema.TensorType.FLOAT32
        graph.tensors.append(tensor)
    graph.inputs, graph.outputs, graph.operators = [0], [2], [operator]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT(), values]
    path.write_bytes(raw_model.pack(model))
    return path


def test_a_model_of_ours_that_is_described_answers_as_it_does_anyway(tmp_path, faces):
    spec, _ = external_spec.load(describe(tmp_path))
    ours, peer = reference.load(), ExternalModel(reference.PATH, spec)
    assert (peer.precision, peer.delegated, peer.labels) == ("int8", True, FER2013)
    for face in faces[:5]:
        assert np.array_equal(ours(face), peer(face))


@pytest.mark.parametrize("resize", ["area", "linear"])
def test_a_face_is_resized_normalized_and_its_logits_become_probabilities(resize, tmp_path, faces):
    model = dense(tmp_path / "net.tflite", 64, 56)
    text = DESCRIPTION.replace("[48, 48]", "[64, 56]").replace("128", "127.5")
    file = describe(tmp_path, f'{text}resize = "{resize}"\nsoftmax = true\n')
    peer = ExternalModel(model, external_spec.load(file)[0])
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
    spec, _ = external_spec.load(describe(tmp_path, DESCRIPTION.replace(*change)))
    with pytest.raises(InputError, match=says):
        ExternalModel(reference.PATH, spec)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_and_kernels_do_not_change_the_class(threads, tmp_path, faces):
    spec, _ = external_spec.load(describe(tmp_path))
    wanted = reference.load()(faces[0]).argmax()
    assert ExternalModel(reference.PATH, spec, threads=threads, resolver="builtin")(
        faces[0]
    ).argmax() == (wanted)


def test_labels_in_other_words_are_translated(tmp_path):
    text = DESCRIPTION.replace('"angry"', '"Wut"') + '[words]\nWut = "angry"\n'
    assert external_spec.load(describe(tmp_path, text))[0].labels == FER2013


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("labels = [", "is no TOML"),
        ('head = "fer2013"', "lacks labels, size, mean, std"),
        (DESCRIPTION + "color = 1", "color is unknown"),
        (DESCRIPTION.replace("fer2013", "affectnet"), "head is 'affectnet': give fer2013"),
        (DESCRIPTION.replace('"angry"', '"anger"'), r"labels are anger.*\[words\]"),
        (DESCRIPTION.replace('"angry"', '"happy"'), "labels are happy"),
        (DESCRIPTION.replace("[48, 48]", "48"), "size is 48"),
        (DESCRIPTION.replace("[48, 48]", "[48, 0]"), "size is"),
        (DESCRIPTION.replace("std = 128", "std = 0"), "std is 0: give a number above 0"),
        (DESCRIPTION.replace("mean = 128", "mean = nan"), "mean is nan: give a number"),
        (DESCRIPTION + "channels = 2", "channels is 2: give 1 or 3"),
        (DESCRIPTION + 'resize = "cubic"', "resize is 'cubic'"),
        (DESCRIPTION + "softmax = 1", "softmax is 1: give true or false"),
    ],
)
def test_a_wrong_description_is_named_in_one_line(text, says, tmp_path):
    file = describe(tmp_path, text)
    with pytest.raises(InputError, match=says) as caught:
        external_spec.load(file)
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


@given(st.sampled_from(sorted(external_spec._WANTED)), _VALUES)
def test_no_value_gets_past_the_checks_as_a_crash(name, value):
    """Whatever TOML may hold: each check says yes or no."""
    assert external_spec._WANTED[name][1](value) in (True, False)


def test_a_description_finds_its_model_by_name_or_path(tmp_path):
    models = [tmp_path / "a" / "net.tflite", tmp_path / "other.tflite"]
    named = describe(tmp_path, 'model = "a/net.tflite"\n' + DESCRIPTION, "x.toml")
    found = external_spec.assign(models, [named, describe(tmp_path)])
    assert [found[model].name for model in models] == ["net", "other"]


def test_a_description_without_its_model_or_of_a_described_one_is_refused(tmp_path):
    file = describe(tmp_path)
    with pytest.raises(InputError, match="which is not among the models"):
        external_spec.assign([tmp_path / "a.tflite"], [file])
    with pytest.raises(InputError, match="described twice"):
        external_spec.assign([tmp_path / "other.tflite"], [file, file])
    with pytest.raises(InputError, match="cannot be read"):
        external_spec.assign([], [tmp_path / "none.toml"])
