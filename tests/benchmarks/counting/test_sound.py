import pytest

from benchmarks.counting import sound
from device.errors import InputError
from fer_edge import zoo


def test_a_model_of_faces_is_refused_before_the_emulation() -> None:
    model = zoo.HOME / "nano" / "fer2013_int8.tflite"
    with pytest.raises(InputError, match="not a speech model"):
        sound.count(None, model, None)  # type: ignore[arg-type]
