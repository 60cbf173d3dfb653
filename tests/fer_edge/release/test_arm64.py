import numpy as np

from benchmarks.counting import answers
from fer_edge import zoo
from fer_edge.release import arm64


def test_int8_files_are_asked_with_and_without_softmax(tmp_path):
    model = zoo.find("nano")
    asked = arm64.questions(list(model.files), tmp_path)
    assert "nano-fer2013_int8.tflite" in asked.models
    assert "logits-nano-fer2013_int8.tflite" in asked.models
    assert "logits-nano-fer2013_float32.tflite" not in asked.models
    own = answers.native(asked)
    raw = own["logits-nano-fer2013_int8.tflite"]
    assert raw.dtype == np.int8
    np.testing.assert_array_equal(raw.argmax(1), own["nano-fer2013_int8.tflite"].argmax(1))


def test_what_must_agree_to_the_bit_and_what_need_not(capsys):
    def given(step):
        return {
            "nano_int8.tflite": np.array([[0.5 + step / 256, 0.25]], np.float32),
            "nano_float32.tflite": np.array([[0.5, 0.25 + step * 1e-7]], np.float32),
        }

    assert arm64.check("cortex-a72", given(0), given(1))
    assert not arm64.check("cortex-a72", given(0), given(2))
    logits = {"logits-nano_int8.tflite": np.array([[3, 4]], np.int8)}
    assert not arm64.check("cortex-a72", logits, {k: v + np.int8(1) for k, v in logits.items()})
    assert "FAILED" in capsys.readouterr().out
