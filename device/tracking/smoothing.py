"""Temporal smoothing and label hysteresis."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from device.errors import InputError

UNCERTAIN = "uncertain"
"""The label of a face for which no class is probable enough."""


class Smoother:
    """Exponential smoothing of a face's distribution, with a time constant in seconds.

    The weight of a frame t seconds ago is exp(-t / time constant): half after 0.69 time constants,
    independent of the number of frames in between.
    """

    def __init__(self, labels: int, time_constant: float) -> None:
        """Start without a distribution.

        Args:
            labels: number of classes.
            time_constant: seconds, 0 or more; 0 does not smooth.

        Raises:
            InputError: the time constant is negative or not a number.
        """
        if not 0 <= time_constant < math.inf:
            raise InputError(f"smoothing of {time_constant} seconds: give 0 or more")
        self._time_constant = time_constant
        self._time: float | None = None
        self._smooth = np.zeros(labels, np.float32)
        self._part = np.empty(labels, np.float32)

    def update(
        self, probabilities: npt.NDArray[np.float32], time: float
    ) -> npt.NDArray[np.float32]:
        """Update the distribution with the prediction for a frame.

        Args:
            probabilities: float32 [labels], 0 or more, not all 0. They are scaled to a sum of 1,
                which an int8 model's output only approximates.
            time: time of the frame in seconds, not before that of the previous one.

        Returns:
            The smoothed distribution, float32 [labels]; overwritten by the next call.
        """
        keep = self._weight_of_the_past(time)
        np.multiply(probabilities, (1 - keep) / float(probabilities.sum()), out=self._part)
        self._smooth *= keep
        self._smooth += self._part
        self._time = time
        return self._smooth

    def _weight_of_the_past(self, time: float) -> float:
        if self._time is None or self._time_constant == 0:
            return 0.0
        return math.exp(-max(0.0, time - self._time) / self._time_constant)


class LabelHysteresis:
    """Chooses the label that is shown for a face.

    A shown label is always at least as probable as the threshold, and is kept until another one
    exceeds it by the hysteresis. A face that was uncertain needs slightly more than the threshold
    to be labeled again, so that the label does not flicker at the threshold either.
    """

    def __init__(self, labels: Sequence[str], *, threshold: float, hysteresis: float) -> None:
        """Set the requirements for a label.

        Args:
            labels: labels of the model, in order.
            threshold: probability 0..1 below which a face is uncertain.
            hysteresis: margin of probability, 0..1, by which another label replaces the shown one.

        Raises:
            InputError: a value is out of range.
        """
        for name, value in (("threshold", threshold), ("hysteresis", hysteresis)):
            if not 0 <= value <= 1:
                raise InputError(f"{name} is {value}: give 0 to 1")
        self._labels = labels
        self._threshold = threshold
        self._hysteresis = hysteresis
        self._shown: int | None = None
        self._was_uncertain = False

    def update(self, probabilities: npt.NDArray[np.float32]) -> tuple[str, float]:
        """Choose the label for a distribution, float32 [labels].

        Returns:
            The label to show and its probability; or "uncertain" and the largest probability.
        """
        best = int(probabilities.argmax())
        top = float(probabilities[best])
        if self._shown is not None:
            held = float(probabilities[self._shown])
            if held >= self._threshold and top <= held + self._hysteresis:
                return self._labels[self._shown], held
        needed = self._threshold
        if self._was_uncertain:
            needed += self._hysteresis * (1 - needed)
        self._was_uncertain = top < needed
        self._shown = None if self._was_uncertain else best
        return UNCERTAIN if self._was_uncertain else self._labels[best], top
