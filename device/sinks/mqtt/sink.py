"""Publishes expressions through a bounded queue that preserves order and never blocks the loop."""

import contextlib
import json
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from device.errors import CheckFailedError
from device.face import Face
from device.frame import Result
from device.sinks import home_assistant
from device.sinks.base import Sink
from device.sinks.fused_json import fused_json
from device.sinks.mqtt.address import Address
from device.sinks.mqtt.client import (
    QOS,
    Credentials,
    explain_disconnect,
    explain_failure,
    explain_refusal,
    make_client,
)

QUEUE = 1000
"""Number of messages kept while the broker is unreachable; beyond that the oldest are dropped."""

_FLUSH = 0.2  # seconds for delivering the last messages at the end
_FIRST_ANSWER = 0.6  # seconds to wait for the broker's first response at the end
_GOODBYE_TIMEOUT = 0.1  # seconds
_KEEP_ALIVE = 30  # seconds

log = logging.getLogger(__name__)


class MqttSink(Sink):
    """Publishes the expression of the largest face on every change, and otherwise at intervals.

    It never waits for the broker: messages are queued while the broker is unreachable, up to a
        limit,
    and sent in order afterwards. A broker that is unreachable at the start is handled in the same
    way, as this machine may boot first after a power failure.

    Attributes:
        lost: number of messages that were dropped because the queue was full.
        delivered: number of messages that the broker has acknowledged.
    """

    def __init__(
        self,
        address: Address,
        *,
        labels: tuple[str, ...],
        credentials: Credentials | None = None,
        interval: float = 1.0,
        queue: int = QUEUE,
        modalities: Sequence[str] = (),
    ) -> None:
        """Start connecting.

        Args:
            address: broker, user and topic.
            labels: labels of the model.
            credentials: password and certificates; None for none.
            interval: maximum time in seconds between two messages; 0 publishes every frame.
            queue: number of messages that are kept while the broker is unreachable.
            modalities: names of the modalities that are fused, for Home Assistant; none for faces
                alone.

        Raises:
            InputError: a file of the credentials cannot be used.
        """
        self.name = str(address)
        self.lost = 0
        self.delivered = 0
        self._address = address
        self._credentials = credentials or Credentials()
        self._interval = interval
        self._topic = address.topic
        self._labels = labels
        self._due = 0.0
        self._last_label: tuple[str | None, ...] = ()
        self._modalities = modalities
        self._bound = queue
        self._waiting: deque[str] = deque()
        self._announced: set[int] = set()  # ids of messages other than results
        self._in_flight = 0
        self._connected = False
        self._failure = ""  # reason for the missing connection; logged once
        self._closing = False
        self._overflows = False
        self._change = threading.Condition()  # not held while calling paho, which has its own locks
        self._client = self._connect()
        self._sender = threading.Thread(target=self._send, name="mqtt sender", daemon=True)
        self._sender.start()

    def write(self, result: Result) -> None:
        """Publish the result if the label changed or the interval has passed; never waits."""
        now = time.monotonic()
        label = (
            result.faces[0].label if result.faces else None,
            result.fused.label if result.fused else None,
        )
        if label == self._last_label and now < self._due:
            return
        self._due, self._last_label = now + self._interval, label
        message = json.dumps(_state(result, time.time()))
        with self._change:
            full = len(self._waiting) >= self._bound
            if full:
                self._waiting.popleft()
                self.lost += 1
            self._waiting.append(message)
            self._change.notify_all()
        if full and not self._overflows:
            log.warning("%s: the queue is full, the oldest messages are dropped", self.name)
        self._overflows = full

    def close(self) -> None:
        """Wait briefly for the last messages, publish that the device is offline, and disconnect.

        Raises:
            CheckFailedError: no message was delivered.
        """
        with self._change:
            self._change.wait_for(lambda: self._connected or bool(self._failure), _FIRST_ANSWER)
            self._change.wait_for(lambda: self._all_delivered() or not self._connected, _FLUSH)
            left = len(self._waiting) + self._in_flight + self.lost
            self._closing = True
            self._change.notify_all()
        self._sender.join()
        self._disconnect()
        if left and not self.delivered:
            raise CheckFailedError(
                f"{self.name}: nothing was delivered: {self._failure or 'no response'}"
            )
        if left:
            log.warning("%s: %d messages were not delivered", self.name, left)

    def _disconnect(self) -> None:
        if self._connected:
            goodbye = self._client.publish(
                self._topic + home_assistant.AVAILABILITY, "offline", QOS, retain=True
            )
            with contextlib.suppress(RuntimeError, ValueError):  # disconnected at this moment
                goodbye.wait_for_publish(_GOODBYE_TIMEOUT)
        self._client.disconnect()
        # paho waits for a pending attempt to connect; the process need not.
        stopping = threading.Thread(target=self._client.loop_stop, daemon=True)
        stopping.start()
        stopping.join(_GOODBYE_TIMEOUT)

    def _connect(self) -> mqtt.Client:
        client = make_client(self._address, self._credentials)
        client.max_queued_messages_set(0)  # no limit: our own queue has one
        client.will_set(self._topic + home_assistant.AVAILABILITY, "offline", QOS, retain=True)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.connect_async(self._address.host, self._address.port, _KEEP_ALIVE)
        client.loop_start()
        return client

    def _all_delivered(self) -> bool:
        return not self._waiting and not self._in_flight

    def _may_send(self) -> bool:
        return self._connected and bool(self._waiting) and not self._in_flight

    def _send(self) -> None:
        """Pass messages to paho until `close`, each after the previous one is acknowledged.

        paho resends unacknowledged messages after a lost connection, possibly after newer ones;
        with one at a time they arrive in order.
        """
        while True:
            with self._change:
                self._change.wait_for(lambda: self._closing or self._may_send())
                if self._closing:
                    return
                message = self._waiting.popleft()
                self._in_flight += 1
            self._client.publish(self._topic + home_assistant.STATE, message, QOS)

    def _on_connect(
        self, client: mqtt.Client, _: Any, __: Any, reason: ReasonCode, ___: Any
    ) -> None:
        if reason.is_failure:
            self._fail(explain_refusal(reason, self._address))
            return
        log.info("%s is connected", self.name)
        messages = [
            *home_assistant.messages(self._topic, self._labels, self._modalities),
            (self._topic + home_assistant.AVAILABILITY, "online"),
        ]
        with self._change:
            self._in_flight += len(messages)
            self._connected = True
            self._failure = ""
        for topic, payload in messages:
            message = client.publish(topic, payload, QOS, retain=True)
            self._announced.add(message.mid)  # in paho's thread, like `_on_publish`
        with self._change:
            self._change.notify_all()

    def _on_connect_fail(self, _: mqtt.Client, __: Any) -> None:
        self._fail(explain_failure(sys.exception()))  # paho calls this while handling the error

    def _on_disconnect(
        self, _: mqtt.Client, __: Any, ___: Any, reason: ReasonCode, ____: Any
    ) -> None:
        with self._change:
            was_connected, self._connected = self._connected, False
            self._change.notify_all()
        if was_connected and reason != ReasonCode(PacketTypes.DISCONNECT, "Normal disconnection"):
            log.warning("%s: connection lost (%s); messages are queued", self.name, reason)
        elif not was_connected and not self._failure and not self._closing:
            self._fail(explain_disconnect(reason, self._address, self._credentials))

    def _fail(self, failure: str) -> None:
        """Store the reason for the missing connection, and log it if it is new."""
        with self._change:
            known, self._failure = self._failure, failure
            self._change.notify_all()
        if failure != known:
            log.error("%s: %s; messages are queued, retrying", self.name, failure)

    def _on_publish(self, _: mqtt.Client, __: Any, mid: int, ____: Any, _____: Any) -> None:
        """Count the messages that the broker has acknowledged."""
        with self._change:
            self._in_flight -= 1
            if mid in self._announced:
                self._announced.discard(mid)
            else:
                self.delivered += 1
            self._change.notify_all()


def _state(result: Result, now: float) -> dict[str, Any]:
    """Return the state of the largest face; expression and confidence are null without a face."""
    face: Face | None = result.faces[0] if result.faces else None
    state: dict[str, Any] = {
        "time": round(now, 3),
        "frame": result.frame.number,
        "faces": len(result.faces),
        "expression": face.label if face else None,
        "confidence": round(float(face.confidence), 3) if face else None,
    }
    if face:
        named = zip(result.labels, face.probabilities.tolist(), strict=True)
        state["probabilities"] = {label: round(value, 3) for label, value in named}
    return state if result.fused is None else state | fused_json(result.fused, digits=3)
