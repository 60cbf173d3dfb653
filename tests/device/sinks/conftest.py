"""Results in the form that the loop produces."""

from collections.abc import Callable

import numpy as np
import pytest

from device.face import Face
from device.frame import Frame, Result
from device.geometry import Box
from device.labels import FER2013


@pytest.fixture
def make_result() -> Callable[..., Result]:
    """A result with some faces, all happy, the second one with low confidence."""

    def make(number=0, faces=1, *, live=False, time=None, size=(48, 64), gray=False) -> Result:
        image = np.full(size if gray else (*size, 3), 90, np.uint8)
        probabilities = np.float32([0.1, 0, 0, 0.7, 0, 0, 0.2])
        found = [
            Face(
                track=4 + index,
                box=Box(10 + 20 * index, 8, 18, 20),
                labels=FER2013,
                probabilities=probabilities,
                label="uncertain" if index == 1 else "happy",
                confidence=0.7,
            )
            for index in range(faces)
        ]
        moment = number / 10 if time is None else time
        stages = {"read": 0.1, "detect": 2.0, "classify": 0.5, "track": 0.2, "total": 2.8}
        return Result(
            Frame(image, number, moment, "film.avi"), found, FER2013, stages, dropped=3, live=live
        )

    return make
