"""Classifies lines of text in a background thread."""

import logging
import threading
import time

from device.errors import InputError
from device.modalities.modality import Modality
from device.modalities.text.classifier import TextClassifier
from device.modalities.text.source import TextSource

_CLOSING = 1.0  # timeout in seconds for joining the thread

log = logging.getLogger(__name__)


class TextStream:
    """Classifies each line of a source; see `ModalityStream`.

    Attributes:
        name: "text".
        labels: labels of the model.
        milliseconds: latency of the last line, features and inference.
    """

    name = "text"

    def __init__(self, source: TextSource, model: TextClassifier) -> None:
        """Initialize the stream without opening the source.

        Args:
            source: source of the lines; closed by `close`.
            model: text model; it is not thread-safe and must not be used elsewhere.
        """
        self.labels = model.labels
        self.milliseconds = 0.0
        self._source = source
        self._model = model
        self._latest: Modality | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="text", daemon=True)

    def start(self) -> None:
        """Open the source and start the thread; raises InputError if it cannot be opened."""
        self._source.open()
        self._thread.start()

    def latest(self) -> Modality | None:
        """Return the prediction for the latest line; None before the first one."""
        return self._latest

    def close(self) -> None:
        """Stop the thread and close the source."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSING)
        self._source.close()

    def _read(self) -> None:
        try:
            for line in self._source.lines(self._stop):
                if line:
                    self._classify(line)
            if not self._stop.is_set():
                log.info("%s: the text has ended", self._source.name)
        except (InputError, OSError, ValueError) as error:
            log.error("%s: reading text failed (%s)", self._source.name, error)

    def _classify(self, line: str) -> None:
        arrived = time.monotonic()
        probabilities = self._model(line)
        self.milliseconds = (time.monotonic() - arrived) * 1000
        self._latest = Modality(self.name, self.labels, probabilities, arrived)
