"""Stateful int8 `.tflite` model that classifies speech step by step.

Interface of the model file, written by `fer_edge.modalities.audio.export`:

- inputs: `frames` [1, context + step, bands, 1], scaled log-mel frames preceded by the last frames
  of the previous step, and `state` [1, units];
- outputs: `logits` [1, labels], averaged over the step, and the next `state`. The number of units
  differs from the number of labels.

The prediction for an utterance is the softmax of the mean logits of its steps. The mean covers all
steps up to `MEMORY`; beyond that it is an exponential moving average.
"""

import os

import numpy as np
import numpy.typing as npt

from device.modalities.audio.features import BANDS, FLOOR, scaled
from device.model.file import ModelFile
from device.model.stateful import StatefulNet, softmax

STEP = 16
"""Frames per step: 0.256 s."""

CONTEXT = 7
"""Frames of the previous step that the convolutions need."""

MEMORY = 20
"""Steps (5 s) after which the mean becomes an exponential moving average."""

SILENCE = float(scaled(np.log(np.array([FLOOR], np.float32)))[0])
"""Scaled value of a silent frame, used as padding before and after the audio."""


class AudioClassifier:
    """A speech model and the state of the current utterance.

    Attributes:
        path: the model file.
        labels: classes in the order of the output, from the file's metadata.
        steps: number of steps of the current utterance.
    """

    def __init__(self, path: str | os.PathLike[str] | ModelFile, *, threads: int = 1) -> None:
        """Load and validate a model.

        Args:
            path: `.tflite` file exported by `fer-edge audio`.
            threads: number of kernel threads.

        Raises:
            InputError: the file is missing or damaged, or is not a speech model.
        """
        file = path if isinstance(path, ModelFile) else ModelFile(path)
        self.path = file.path
        self.labels = file.labels
        self._net = StatefulNet(
            file,
            (CONTEXT + STEP, BANDS, 1),
            kind="speech model",
            made_by="fer-edge audio",
            threads=threads,
        )
        self._recent = np.zeros((CONTEXT + STEP, BANDS), np.float32)
        self.reset()

    def reset(self) -> None:
        """Start a new utterance."""
        self.steps = 0
        self._recent[:] = SILENCE
        self._filled = 0  # frames in the next step
        self._mean = np.zeros(len(self.labels), np.float32)
        self._state = self._net.begin()

    def push(self, log_mel: npt.NDArray[np.float32]) -> int:
        """Add frames of the utterance; the model runs for each completed step.

        Args:
            log_mel: float32 [n, BANDS], natural logarithm of power; n may be 0.

        Returns:
            The number of steps run.

        Raises:
            InputError: a kernel fails.
        """
        before = self.steps
        frames = scaled(log_mel)
        while len(frames):
            taken = frames[: STEP - self._filled]
            start = CONTEXT + self._filled
            self._recent[start : start + len(taken)] = taken
            self._filled += len(taken)
            frames = frames[len(taken) :]
            if self._filled == STEP:
                self._run()
        return self.steps - before

    def finish(self) -> None:
        """End the utterance; the last step runs if it is at least half full or the only one."""
        if self._filled and (self._filled >= STEP // 2 or self.steps == 0):
            self._recent[CONTEXT + self._filled :] = SILENCE
            self._run()

    def logits(self) -> npt.NDArray[np.float32]:
        """Return the mean logits of the utterance, float32 [labels]; zeros before a step."""
        return self._mean.copy()

    def probabilities(self) -> npt.NDArray[np.float32]:
        """Return the probabilities for the utterance so far, float32 [labels], a new array."""
        return softmax(self._mean)

    def _run(self) -> None:
        logits, self._state = self._net.step(self._recent[:, :, np.newaxis], self._state)
        self.steps += 1
        self._mean += (logits - self._mean) / min(self.steps, MEMORY)
        self._recent[:CONTEXT] = self._recent[-CONTEXT:]
        self._filled = 0
