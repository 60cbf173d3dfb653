"""Expressions as MQTT messages, with what Home Assistant needs to find them by itself."""

import contextlib
import json
import logging
import re
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from device.errors import InputError
from device.face import Face
from device.frame import Result
from device.sinks import home_assistant
from device.sinks.base import Sink

QUEUE = 1000
"""Messages that are kept while the broker is away; then the oldest give way."""

QOS = 1
"""At least once: a message counts as delivered when the broker has said so."""

_FLUSH = 0.2  # seconds that the last messages get at the end
_GOODBYE_TIMEOUT = 0.1  # seconds
_KEEP_ALIVE = 30  # seconds
_MAX_RECONNECT_DELAY = 30  # seconds between two attempts to reach the broker

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Address:
    """Where to publish.

    Attributes:
        host: the broker.
        port: 1883 by default, 8883 with TLS.
        tls: whether the connection is encrypted and the broker's certificate checked.
        user: to log in as; None for nobody.
        topic: the first part of the topics, and the name of the device.
    """

    host: str
    port: int
    tls: bool
    user: str | None
    topic: str

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read `mqtt://[USER@]HOST[:PORT][/TOPIC]`, or `mqtts://` for TLS.

        Raises:
            InputError: it is no such address, or has a password in it.
        """
        form = "give mqtt://[USER@]HOST[:PORT][/TOPIC], or mqtts:// for TLS"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise InputError(f"--mqtt {url!r}: {error}; {form}") from error
        if parts.password is not None:
            raise InputError(
                "--mqtt: a password in the address can be read by everybody on this machine; "
                "put it into the environment variable FER_EDGE_MQTT_PASSWORD"
            )
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise InputError(f"--mqtt {url!r} is no broker's address: {form}")
        topic = unquote(parts.path).strip("/") or "fer-edge"
        if not re.fullmatch(r"[\w\-./ ]+", topic) or parts.query or parts.fragment:
            raise InputError(f"--mqtt {url!r}: a topic has letters, digits, - _ . / alone; {form}")
        tls = parts.scheme == "mqtts"
        user = unquote(parts.username) if parts.username else None
        return cls(parts.hostname, port or (8883 if tls else 1883), tls, user, topic)


class MqttSink(Sink):
    """Publishes what the largest face shows: when that changes, and else once an interval.

    It never waits for the broker: messages queue up while it is away, up to a bound, and go out in
    order when it is back. A broker that cannot be reached at the start is waited for, too: after a
    power cut the Pi may be up first.

    Attributes:
        lost: messages that the bound of the queue has cost.
    """

    def __init__(
        self,
        address: Address,
        *,
        labels: tuple[str, ...],
        password: str | None = None,
        interval: float = 1.0,
        queue: int = QUEUE,
    ) -> None:
        """Begin to connect.

        Args:
            address: broker, user and topic.
            labels: the model's.
            password: of the user.
            interval: most seconds between two messages; 0 publishes every frame.
            queue: messages that are kept while the broker is away.
        """
        self.name = f"mqtt://{address.host}:{address.port}/{address.topic}"
        self.lost = 0
        self._interval = interval
        self._topic = address.topic
        self._labels = labels
        self._due = 0.0
        self._last_label: str | None = None
        self._bound = queue
        self._waiting: deque[str] = deque()
        self._in_flight = 0
        self._connected = False
        self._closing = False
        self._overflows = False
        self._change = threading.Condition()  # not held when paho, which has locks too, is called
        self._client = self._connect(address, password)
        self._sender = threading.Thread(target=self._send, name="mqtt sender", daemon=True)
        self._sender.start()

    def write(self, result: Result) -> None:
        """Publish the result if it says something new or it is time; never waits."""
        now = time.monotonic()
        label = result.faces[0].label if result.faces else None
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
            log.warning("%s: the queue is full, the oldest messages give way", self.name)
        self._overflows = full

    def close(self) -> None:
        """Give the last messages a moment, say that the device is off, and disconnect."""
        with self._change:
            self._change.wait_for(lambda: self._all_delivered() or not self._connected, _FLUSH)
            left = len(self._waiting) + self._in_flight
            self._closing = True
            self._change.notify_all()
        self._sender.join()
        if left or self.lost:
            log.warning("%s: %d messages were not delivered", self.name, left + self.lost)
        if self._connected:
            goodbye = self._client.publish(
                self._topic + home_assistant.AVAILABILITY, "offline", QOS, retain=True
            )
            with contextlib.suppress(RuntimeError, ValueError):  # gone in this very moment
                goodbye.wait_for_publish(_GOODBYE_TIMEOUT)
        self._client.disconnect()
        # paho waits for an attempt to connect that is under way; the process need not.
        stopping = threading.Thread(target=self._client.loop_stop, daemon=True)
        stopping.start()
        stopping.join(_GOODBYE_TIMEOUT)

    def _connect(self, address: Address, password: str | None) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.max_queued_messages_set(0)  # ours is the queue with the bound
        client.reconnect_delay_set(1, _MAX_RECONNECT_DELAY)
        client.will_set(self._topic + home_assistant.AVAILABILITY, "offline", QOS, retain=True)
        if address.user is not None:
            client.username_pw_set(address.user, password)
        if address.tls:
            client.tls_set()
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.connect_async(address.host, address.port, _KEEP_ALIVE)
        client.loop_start()
        return client

    def _all_delivered(self) -> bool:
        return not self._waiting and not self._in_flight

    def _may_send(self) -> bool:
        return self._connected and bool(self._waiting) and not self._in_flight

    def _send(self) -> None:
        """Hand messages to paho until `close`, each when the broker has acknowledged the last.

        What paho has got it sends again after a lost connection, and newer messages may then come
        before it; with one at a time they arrive in order.
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
            log.error("%s refuses the connection: %s", self.name, reason)
            return
        log.info("%s is connected", self.name)
        announced = [
            *home_assistant.messages(self._topic, self._labels),
            (self._topic + home_assistant.AVAILABILITY, "online"),
        ]
        with self._change:
            self._in_flight += len(announced)
            self._connected = True
            self._change.notify_all()
        for topic, payload in announced:
            client.publish(topic, payload, QOS, retain=True)

    def _on_connect_fail(self, _: mqtt.Client, __: Any) -> None:
        log.warning("%s cannot be reached; messages wait, and so does the next try", self.name)

    def _on_disconnect(
        self, _: mqtt.Client, __: Any, ___: Any, reason: ReasonCode, ____: Any
    ) -> None:
        with self._change:
            self._connected = False
            self._change.notify_all()
        if reason != ReasonCode(PacketTypes.DISCONNECT, "Normal disconnection"):
            log.warning("%s has gone (%s); messages wait", self.name, reason)

    def _on_publish(self, _: mqtt.Client, __: Any, ___: int, ____: Any, _____: Any) -> None:
        """Count what the broker has acknowledged."""
        with self._change:
            self._in_flight -= 1
            self._change.notify_all()


def _state(result: Result, now: float) -> dict[str, Any]:
    """Say what the largest face shows; expression and confidence are null without a face."""
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
    return state
