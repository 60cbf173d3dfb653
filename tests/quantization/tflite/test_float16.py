import numpy as np
import pytest

from benchmarks.counting import kit
from benchmarks.counting.cores import CORES
from benchmarks.counting.count import InstructionCounter
from device.labels import FER2013
from device.model.classifier import Classifier
from quantization.tflite.convert import to_tflite


@pytest.fixture(scope="module")
def pair(mobile, tmp_path_factory):
    """A float16 file, and one that permits float16 arithmetic."""
    folder, files = tmp_path_factory.mktemp("float16"), []
    for allowed in (False, True):
        files.append(folder / f"{allowed}.tflite")
        to_tflite(
            mobile.pruned,
            files[-1],
            head="fer2013",
            labels=FER2013,
            precision="float16",
            normalization=mobile.normalization,
            float16_arithmetic=allowed,
        )
    return files


@pytest.mark.slow
def test_the_answers_are_about_the_same(pair, images):
    plain, allowed = (Classifier(path) for path in pair)
    for face in images[:10]:
        np.testing.assert_allclose(plain(face), allowed(face), atol=0.05)


@pytest.mark.slow
def test_a_core_with_float16_needs_half_of_the_multiplications(pair):
    if not kit.is_installed():
        pytest.skip("needs `fer-edge fetch arm`")
    counter = InstructionCounter(kit.find())
    new, old = CORES["cortex-a76"], CORES["cortex-a72"]
    plain, allowed = (counter.model(path, new)["by_kind"]["float_multiply"] for path in pair)
    assert allowed < 0.7 * plain
    before, after = (counter.instructions(path, old) for path in pair)
    assert after == pytest.approx(before, rel=1e-3)
