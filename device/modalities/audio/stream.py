"""Classifies an audio source in a background thread."""

import logging
import os
import threading
import time

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.modalities.audio.classifier import AudioClassifier
from device.modalities.audio.features import RATE, LogMel
from device.modalities.audio.open_source import open_source
from device.modalities.audio.source import AudioSource
from device.modalities.audio.voice import VoiceActivity
from device.modalities.modality import Modality

log = logging.getLogger(__name__)

_CLOSING = 1.0  # timeout in seconds for joining the thread


class AudioStream:
    """Classifies speech; `latest` is updated with each step while speech is detected.

    Attributes:
        name: "audio".
        labels: labels of the model.
    """

    name = "audio"

    def __init__(
        self, source: str, model: str | os.PathLike[str] | AudioClassifier, *, paced: bool = True
    ) -> None:
        """Load the model; the source is opened by `start`.

        Args:
            source: "mic", the path of an audio or video file, or a URL; see `open_source`.
            model: `.tflite` file made by `fer-edge audio`, or the loaded model.
            paced: whether files are played in real time instead of as fast as possible.

        Raises:
            InputError: the model cannot be loaded.
        """
        self._address = source
        self._model = model if isinstance(model, AudioClassifier) else AudioClassifier(model)
        self.labels = self._model.labels
        self._paced = paced
        self._latest: Modality | None = None
        self._stop = threading.Event()
        self._source: AudioSource | None = None
        self._thread = threading.Thread(target=self._listen, name="audio", daemon=True)

    def start(self) -> None:
        """Open the source and start the thread.

        Raises:
            InputError: the source cannot be opened.
        """
        self._source = open_source(self._address)
        self._thread.start()

    def latest(self) -> Modality | None:
        """Return the latest prediction without waiting; None before any speech."""
        return self._latest

    @property
    def running(self) -> bool:
        """Whether the thread is running."""
        return self._thread.is_alive()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end of the source for at most `timeout` seconds."""
        self._thread.join(timeout)

    def close(self) -> None:
        """Stop the thread and close the source."""
        self._stop.set()
        if self._source is None:
            return
        if self._source.live:
            self._source.close()  # unblocks a waiting read
        self._thread.join(_CLOSING)
        if not self._source.live:
            self._source.close()

    def _listen(self) -> None:
        assert self._source is not None
        utterances, begin, heard = _Utterances(self._model), time.monotonic(), 0
        try:
            while not self._stop.is_set() and (block := self._source.read()) is not None:
                heard += len(block)
                if self._paced and not self._source.live:
                    self._stop.wait(max(0.0, begin + heard / RATE - time.monotonic()))
                if utterances.push(block):
                    self._publish()
            if not self._stop.is_set():
                log.info("%s: the audio has ended", self._source.name)
        except InputError as error:
            if not self._stop.is_set():
                log.warning("%s; the run continues without audio", error)

    def _publish(self) -> None:
        self._latest = Modality("audio", self.labels, self._model.probabilities(), time.monotonic())


class _Utterances:
    """Feeds speech frames to the model and resets its state at the start of each utterance."""

    def __init__(self, model: AudioClassifier) -> None:
        self._model = model
        self._features, self._voice = LogMel(), VoiceActivity()

    def push(self, samples: npt.NDArray[np.float32]) -> bool:
        """Add a block; return whether the prediction changed."""
        frames = self._features(samples)
        quiet = self._voice.ended
        voiced = self._voice(frames)
        if quiet and voiced.any():
            self._model.reset()
        return self._model.push(frames[voiced]) > 0
