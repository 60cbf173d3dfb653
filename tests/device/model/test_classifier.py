import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import InputError
from device.labels import FER2013
from device.model.classifier import Classifier


@pytest.fixture(scope="module")
def classifiers(models):
    return {name: Classifier(models[name]) for name in ("int8", "uint8", "float32")}


def test_a_model_names_its_labels_precision_and_runtime(classifiers):
    for precision, classifier in classifiers.items():
        assert classifier.labels == FER2013
        assert classifier.precision == precision
        name, version = classifier.runtime.split(" ")
        assert name in ("ai-edge-litert", "tflite-runtime") and version[0].isdigit()


@pytest.mark.parametrize(("precision", "offset"), [("int8", -128), ("uint8", 0), ("float32", 0)])
def test_every_pixel_value_arrives_exactly(classifiers, precision, offset):
    classifier = classifiers[precision]
    face = np.resize(np.arange(256, dtype=np.uint8), (48, 48))
    classifier.set_input(face)
    arrived = classifier._interpreter.get_tensor(classifier._input_index)
    np.testing.assert_array_equal(arrived[0, :, :, 0], face.astype(np.int16) + offset)


def test_the_pixels_mean_the_same_in_every_precision(classifiers, faces):
    for face in faces:
        wanted = classifiers["float32"](face).copy()
        np.testing.assert_allclose(classifiers["int8"](face), wanted, atol=0.03)
        np.testing.assert_array_equal(classifiers["uint8"](face), classifiers["int8"](face))


def test_the_output_is_a_distribution(classifiers, faces):
    for classifier in classifiers.values():
        probabilities = classifier(faces[0])
        assert probabilities.dtype == np.float32 and probabilities.shape == (7,)
        assert probabilities.min() >= 0
        assert probabilities.sum() == pytest.approx(1, abs=7 / 256)


def test_the_three_parts_do_what_a_call_does(classifiers, faces):
    classifier = classifiers["int8"]
    whole = classifier(faces[0]).copy()
    classifier(faces[1])
    classifier.set_input(faces[0])
    classifier.invoke()
    np.testing.assert_array_equal(classifier.probabilities(), whole)


def test_a_result_is_a_buffer_that_the_next_call_reuses(classifiers, faces):
    classifier = classifiers["float32"]
    first = classifier(faces[0])
    assert classifier(faces[1]) is first


def test_faces_need_not_be_contiguous(classifiers, faces):
    mirrored = faces[0][:, ::-1]
    expected = classifiers["int8"](mirrored.copy()).copy()
    np.testing.assert_array_equal(classifiers["int8"](mirrored), expected)


@pytest.mark.parametrize(
    ("resolver", "delegated"), [("xnnpack", True), ("builtin", False), ("reference", False)]
)
def test_the_resolver_decides_who_computes(models, faces, resolver, delegated):
    classifier = Classifier(models["int8"], resolver=resolver)
    assert classifier.delegated is delegated
    np.testing.assert_allclose(classifier(faces[0]).sum(), 1, atol=7 / 256)


def test_more_threads_give_the_same_result(models, classifiers, faces):
    expected = classifiers["int8"](faces[0]).copy()
    np.testing.assert_array_equal(Classifier(models["int8"], threads=2)(faces[0]), expected)


@pytest.mark.parametrize(
    "face",
    [
        np.zeros((48, 47), np.uint8),
        np.zeros((1, 48), np.uint8),
        np.zeros((48, 48, 1), np.uint8),
        np.zeros((48, 48), np.float32),
    ],
    ids=lambda face: f"{face.dtype}{list(face.shape)}",
)
def test_a_face_of_another_shape_or_dtype_is_refused(classifiers, face):
    with pytest.raises(ValueError, match=r"a face is uint8 \[48, 48\]"):
        classifiers["int8"](face)


@pytest.mark.parametrize(("option", "value"), [("threads", 0), ("resolver", "gpu")])
def test_options_out_of_range_are_named(models, option, value):
    with pytest.raises(InputError, match=option):
        Classifier(models["int8"], **{option: value})


def assert_refused(path, complaint):
    with pytest.raises(InputError, match=complaint) as caught:
        Classifier(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert_refused(tmp_path / "none.tflite", "no such model file")
    assert_refused(tmp_path, "is a folder")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b"x", "not a .tflite file"),
        (b"PK\x03\x04 a zip of something", "not a .tflite file"),
        (b"\x1c\x00\x00\x00TFL3", "cut short"),
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path, content, complaint):
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    assert_refused(path, complaint)


def test_a_truncated_model_is_refused(models, tmp_path):
    content = models["int8"].read_bytes()
    path = tmp_path / "cut.tflite"
    for size in range(8, len(content), len(content) // 9):
        path.write_bytes(content[:size])
        assert_refused(path, "cut short")


def test_a_truncated_model_with_labels_is_refused(bare_models, save_model, tmp_path):
    path = tmp_path / "cut.tflite"
    save_model(path, bare_models["int8"][:1000])
    assert_refused(path, "damaged or cut short")


def test_a_model_without_labels_is_refused(bare_models, tmp_path):
    path = tmp_path / "bare.tflite"
    path.write_bytes(bare_models["int8"])
    assert_refused(path, "no labels.txt")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other.txt", "happy\n")
    assert_refused(path, "no labels.txt")


def test_labels_that_are_no_text_are_refused(bare_models, tmp_path):
    path = tmp_path / "latin.tflite"
    path.write_bytes(bare_models["int8"])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.txt", b"fr\xf6hlich\n")
    assert_refused(path, "labels.txt is not UTF-8")


@pytest.mark.parametrize("labels", [FER2013[:6], (*FER2013, "contempt")])
def test_labels_that_do_not_fit_the_output_are_refused(bare_models, save_model, tmp_path, labels):
    path = tmp_path / "mislabeled.tflite"
    save_model(path, bare_models["float32"], labels)
    assert_refused(path, f"names {len(labels)} labels")


def test_a_model_of_another_input_is_refused(models):
    assert_refused(models["wide"], r"takes input \[1, 64, 64, 1\]")


def test_a_quantized_input_whose_bytes_are_not_pixels_is_refused(models):
    assert_refused(models["narrow"], "is not byte = pixel - 128")


@settings(max_examples=60, deadline=None)
@given(position=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
def test_a_changed_byte_in_the_labels_never_shows_a_traceback(models, position, value):
    content = bytearray(models["int8"].read_bytes())
    start = content.rindex(b"labels.txt", 0, content.rindex(b"PK\x01\x02")) - 30
    content[start + int(position * (len(content) - start))] = value
    path = models["int8"].with_name("changed.tflite")
    path.write_bytes(content)
    try:
        labels = Classifier(path).labels
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert labels == FER2013  # the byte was one that a zip reader need not look at


def test_importing_the_device_loads_no_training_code():
    program = (
        "import sys, device, device.model.classifier, device.faces.recognize;"
        "import device.image.draw, device.image.file;"
        "print(sorted({name.split('.')[0] for name in sys.modules}"
        " & {'tensorflow', 'tf_keras', 'keras', 'fer_edge', 'quantization', 'benchmarks'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
