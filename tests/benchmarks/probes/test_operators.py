import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from benchmarks.models import reference
from benchmarks.probes import operators as operator_profile
from benchmarks.probes import raw_model
from device.errors import InputError
from device.model import graph
from device.model.classifier import Classifier

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def schema():
    return raw_model.schema() or pytest.skip("the runtime ships no schema")


@pytest.mark.parametrize("name", ["int8", "float32"])
def test_each_operator_has_a_row(schema, model_files, faces, name):
    block = operator_profile.operators(model_files[name], images=faces, rounds=2, per_round=1)
    assert block["kind"] == "derived" and "2 rounds" in block["how"]
    expected = graph.load(model_files[name]).operators
    rows = block["rows"]
    assert [(row["index"], row["name"], row["multiply_adds"]) for row in rows] == [
        (operator.index, operator.name, operator.multiply_adds) for operator in expected
    ]
    assert all(row["us_p50"] >= 0 for row in rows)
    assert sum(row["share"] for row in rows) == pytest.approx(1)


def test_time_that_is_up_ends_the_rounds(schema, model_files, faces):
    block = operator_profile.operators(model_files["int8"], images=faces, per_round=1, seconds=0)
    assert "1 rounds" in block["how"]


def test_cuts_grow_by_an_operator_and_end_with_the_whole_model(schema, model_files, faces):
    path = model_files["int8"]
    cuts = operator_profile.cut(schema, path.read_bytes())
    names = [operator.name for operator in graph.load(path).operators]
    for count, content in enumerate(cuts):
        part = graph.parse(content, path)
        assert [operator.name for operator in part.operators] == names[:count]

    whole = raw_model.load(cuts[-1])
    source, sink = whole.get_input_details()[0], whole.get_output_details()[0]
    whole.set_tensor(source["index"], (faces[:1, :, :, None] ^ np.uint8(0x80)).view(np.int8))
    whole.invoke()
    scale, zero = sink["quantization"]
    probabilities = (whole.get_tensor(sink["index"])[0].astype(np.float32) - zero) * scale
    np.testing.assert_allclose(probabilities, Classifier(path)(faces[0]), atol=1e-6)


def test_what_is_left_hanging_by_a_cut_is_an_output(schema, model_files):
    for content in operator_profile.cut(schema, model_files["float32"].read_bytes())[1:]:
        part = graph.parse(content, model_files["float32"])
        read = {i for operator in part.operators for i in operator.inputs}
        written = {i for operator in part.operators for i in operator.outputs}
        assert set(part.outputs) == written - read


def test_what_follows_from_constants_alone_is_no_output(schema):
    def operator(inputs, outputs):
        made = schema.OperatorT()
        made.inputs, made.outputs = inputs, outputs
        return made

    part = schema.SubGraphT()
    part.inputs = [0]
    # 1 and 3 are weights; 3 is unpacked to 4, as in float16 files, for an operator that was cut.
    part.operators = [operator([0, 1], [2]), operator([3], [4])]
    assert operator_profile.dangling_outputs(part) == [2]


def test_a_model_that_the_runtime_cannot_cut_has_no_profile(faces, monkeypatch, capsys):
    def refuse(content):
        raise RuntimeError("failed to setup XNNPACK")

    monkeypatch.setattr(raw_model, "load", refuse)
    assert operator_profile.operators(reference.PATH, images=faces) is None
    said = capsys.readouterr().err
    assert "reference-1.tflite: a cut of it does not run (failed to setup XNNPACK)" in said


def test_no_profile_of_models_too_large_or_without_a_schema(faces, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(operator_profile, "MOST_BYTES", 1000)
        assert operator_profile.operators(reference.PATH, images=faces) is None
    assert "the model is too large to be cut" in capsys.readouterr().err
    monkeypatch.setattr(raw_model, "schema", lambda: None)
    assert operator_profile.operators(reference.PATH, images=faces) is None
    assert "has no schema to cut models with" in capsys.readouterr().err


def test_a_damaged_file_is_named(model_files, faces, tmp_path):
    path = tmp_path / "short.tflite"
    path.write_bytes(model_files["int8"].read_bytes()[:400])
    with pytest.raises(InputError, match=r"short\.tflite"):
        operator_profile.operators(path, images=faces)


@given(values)
def test_growing_values_grow_and_keep_their_sum(numbers):
    found = operator_profile.isotonic(np.array(numbers))
    assert (np.diff(found) >= -1e-9).all()
    assert found.sum() == pytest.approx(sum(numbers), rel=1e-9, abs=1e-3)
    assert min(numbers) - 1e-6 <= found[0] and found[-1] <= max(numbers) + 1e-6


@given(values)
def test_what_grows_already_stays(numbers):
    rising = np.sort(numbers)
    np.testing.assert_array_equal(operator_profile.isotonic(rising), rising)


def test_a_fall_is_pooled():
    assert operator_profile.isotonic(np.array([1.0, 4.0, 2.0, 5.0])).tolist() == [1, 3, 3, 5]


@given(values)
def test_isotonic_regression_is_that_of_scipy(numbers):
    theirs = optimize.isotonic_regression(numbers).x
    assert operator_profile.isotonic(np.array(numbers)) == pytest.approx(theirs, abs=1e-3)
