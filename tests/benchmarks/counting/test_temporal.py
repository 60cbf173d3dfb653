import pytest

from benchmarks.counting import temporal
from device.errors import InputError
from fer_edge import zoo


def test_a_classifier_is_refused_as_a_head_before_the_emulation() -> None:
    model = zoo.HOME / "nano" / "fer2013_int8.tflite"
    with pytest.raises(InputError, match="not a temporal head"):
        temporal.count(None, model, model, None)  # type: ignore[arg-type]
