"""A temporal head: a small recurrent net over the classifier's answers for one face.

Interface of the model file, written by `fer_edge.modalities.temporal.export`:

- inputs: `values` [1, labels + 1], the scaled logarithms of the classifier's probabilities and the
  scaled time since the previous frame, and `state` [1, units];
- outputs: `logits` [1, labels] and the next `state`.
"""

import os

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.model.file import ModelFile
from device.model.stateful import StatefulNet, softmax

GAP = 1.0
"""Seconds without a frame after which the state of a track starts anew."""

LEAST = 1 / 512
"""Probability below which the net sees no difference: half a step of an int8 classifier."""

_CENTER = 0.5 * np.log(LEAST)


def features(
    probabilities: npt.NDArray[np.floating], elapsed: npt.NDArray[np.floating] | float
) -> npt.NDArray[np.float32]:
    """Scale the input of the net to about -1..1.

    Args:
        probabilities: float [..., labels], 0 or more, not all 0.
        elapsed: seconds since the previous frame, float [...]; 0 for the first one.

    Returns:
        float32 [..., labels + 1].
    """
    shares = probabilities / probabilities.sum(axis=-1, keepdims=True)
    logs = np.log(np.maximum(shares, LEAST)) / -_CENTER + 1
    time = 2 * np.clip(np.asarray(elapsed), 0, GAP) / GAP - 1
    return np.concatenate([logs, time[..., np.newaxis]], axis=-1).astype(np.float32)


class TemporalModel:
    """A loaded temporal head; `start` gives each track its own state.

    Attributes:
        path: the model file.
        labels: labels of the classifier that it was trained for.
    """

    def __init__(self, path: str | os.PathLike[str] | ModelFile) -> None:
        """Load and check a model.

        Args:
            path: `.tflite` file made by `fer-edge temporal`.

        Raises:
            InputError: the file is missing or damaged, or is not a temporal head.
        """
        file = path if isinstance(path, ModelFile) else ModelFile(path)
        self.path = file.path
        self.labels = file.labels
        self.net = StatefulNet(
            file, (len(self.labels) + 1,), kind="temporal head", made_by="fer-edge temporal"
        )

    def check(self, labels: tuple[str, ...]) -> None:
        """Check that the classifier has the labels of the training.

        Raises:
            InputError: it has others, or another order.
        """
        if labels != self.labels:
            raise InputError(
                f"{self.path} is for the labels {', '.join(self.labels)}, but the model has "
                f"{', '.join(labels)}: train one with fer-edge temporal --model"
            )

    def start(self) -> "TemporalFilter":
        """Return the filter of a new track."""
        return TemporalFilter(self.net)


class TemporalFilter:
    """The state of one track; takes the place of `device.tracking.smoothing.Smoother`."""

    def __init__(self, net: StatefulNet) -> None:
        self._net = net
        self._state = net.begin()
        self._time: float | None = None

    def update(
        self, probabilities: npt.NDArray[np.float32], time: float
    ) -> npt.NDArray[np.float32]:
        """Update the distribution with the prediction for a frame.

        Args:
            probabilities: float32 [labels], 0 or more, not all 0.
            time: time of the frame in seconds, not before that of the previous one.

        Returns:
            The distribution, float32 [labels], a new array.
        """
        elapsed = 0.0 if self._time is None else time - self._time
        if elapsed > GAP:
            self._state, elapsed = self._net.begin(), 0.0
        self._time = time
        logits, self._state = self._net.step(features(probabilities, elapsed), self._state)
        return softmax(logits)
