import numpy as np
import pytest

from benchmarks.counting import answers
from benchmarks.counting.answers import Questions
from benchmarks.counting.cores import CORES
from benchmarks.models import reference
from device.errors import InputError


@pytest.fixture(scope="module")
def questions():
    random = np.random.default_rng(0)
    faces = random.integers(0, 256, (3, 48, 48), dtype=np.uint8)
    pictures = [random.integers(0, 256, (160, 200), dtype=np.uint8)]
    return Questions({"reference.tflite": reference.PATH}, faces, pictures)


def test_this_machine_answers_by_the_same_program(questions):
    own = answers.native(questions)
    assert {name: values.shape for name, values in own.items()} == {
        "reference.tflite": (3, own["reference.tflite"].shape[1]),
        "boxes": (1, 4),
        "crops": (2, 48, 48),
    }
    assert not any(found.differing for found in answers.compare(own, answers.native(questions)))


@pytest.mark.parametrize("core", ["cortex-a53", "cortex-a76"])
def test_an_emulated_core_answers_as_this_machine(installed, questions, core):
    own = answers.native(questions)
    for found in answers.compare(own, answers.emulated(installed, CORES[core], questions)):
        assert found.largest <= (1 / 256 if found.name == "reference.tflite" else 0)


def test_every_difference_is_seen():
    one = {
        "model": np.array([[0.5, 0.25], [0.25, 0.5]], np.float32),
        "crops": np.zeros((1, 48, 48), np.uint8),
    }
    other = {
        "model": np.array([[0.25, 0.5], [0.25, 0.5]], np.float32),
        "crops": np.full((1, 48, 48), 255, np.uint8),
    }
    model, crops = answers.compare(one, other)
    assert (model.values, model.differing, model.largest, model.other_classes) == (4, 2, 0.25, 1)
    assert (crops.differing, crops.largest) == (48 * 48, 255.0)


def test_other_questions_are_refused(tmp_path):
    one = {"model": np.zeros((2, 7), np.float32)}
    with pytest.raises(InputError, match="different models"):
        answers.compare(one, {"model": np.zeros((3, 7), np.float32)})
    path = tmp_path / "answers.npz"
    path.write_bytes(answers.packed(one))
    np.testing.assert_array_equal(answers.read(path)["model"], one["model"])
    path.write_bytes(b"no answers")
    with pytest.raises(InputError, match="contains no predictions"):
        answers.read(path)
