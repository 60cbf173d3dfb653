"""Text lines from an MQTT topic."""

import logging
import queue
import re
import sys
import threading
from collections.abc import Iterator
from typing import Any

from device.errors import InputError
from device.modalities.text.lines import MAX_LINE, text_of
from device.modalities.text.source import TextSource
from device.sinks.mqtt import Address, Credentials

_WAITING = 100  # queued messages; the oldest is dropped if the queue is full
_POLL = 0.2  # seconds between two checks of the stop event
_KEEP_ALIVE = 30  # seconds

log = logging.getLogger(__name__)


class MqttText(TextSource):
    """The messages of a topic, one line each: UTF-8 text, or JSON with a key `text`.

    If the broker cannot be reached, this is logged and the connection is retried; the run
    continues.
    """

    def __init__(self, address: Address, topic: str, credentials: Credentials | None) -> None:
        """Initialize the source without connecting.

        Args:
            address: broker and user; the topic in it is ignored.
            topic: topic filter to subscribe to, with the wildcards `+` and `#`.
            credentials: password and certificates, if any.

        Raises:
            InputError: the topic is invalid.
        """
        if not re.fullmatch(r"[\w\-./ +#]{1,200}", topic):
            raise InputError(
                "--text mqtt:TOPIC: a topic must have 1 to 200 letters, digits or - _ . / + #"
            )
        self.name = f"mqtt:{topic}"
        self._address = address
        self._topic = topic
        self._credentials = credentials or Credentials()
        self._messages: queue.Queue[bytes] = queue.Queue(_WAITING)
        self._client: Any = None
        self._failure = ""

    def open(self) -> None:
        """Start connecting; raises InputError if a credentials file cannot be used."""
        from device.sinks.mqtt.client import make_client

        client = make_client(self._address, self._credentials)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_message = self._on_message
        client.connect_async(self._address.host, self._address.port, _KEEP_ALIVE)
        client.loop_start()
        self._client = client

    def lines(self, stop: threading.Event) -> Iterator[str]:
        """Yield messages as they arrive."""
        while not stop.is_set():
            try:
                message = self._messages.get(timeout=_POLL)
            except queue.Empty:
                continue
            yield text_of(message, self.name)

    def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            self._client.disconnect()
            threading.Thread(target=self._client.loop_stop, daemon=True).start()

    def _on_connect(self, client: Any, _: Any, __: Any, reason: Any, ___: Any) -> None:
        from device.sinks.mqtt.client import explain_refusal

        if reason.is_failure:
            self._fail(explain_refusal(reason, self._address))
            return
        self._failure = ""
        client.subscribe(self._topic)
        log.info("%s is connected", self.name)

    def _on_connect_fail(self, _: Any, __: Any) -> None:
        from device.sinks.mqtt.client import explain_failure

        self._fail(explain_failure(sys.exception()))  # paho calls this while it handles the error

    def _on_message(self, _: Any, __: Any, message: Any) -> None:
        if len(message.payload) > MAX_LINE:
            log.warning("%s: skipped a message of more than %d bytes", self.name, MAX_LINE)
            return
        while True:
            try:
                self._messages.put_nowait(bytes(message.payload))
                return
            except queue.Full:
                try:
                    self._messages.get_nowait()
                except queue.Empty:
                    continue

    def _fail(self, failure: str) -> None:
        """Log a connection failure, once per reason."""
        known, self._failure = self._failure, failure
        if failure != known:
            log.error("%s: %s; retrying", self.name, failure)
