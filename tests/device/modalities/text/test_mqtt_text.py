"""Text from a topic of a real mosquitto."""

import json
import logging

import numpy as np
import pytest

mqtt = pytest.importorskip("paho.mqtt.client", reason="the extra mqtt is not installed")

from device.errors import InputError  # noqa: E402
from device.modalities.text.classifier import TextClassifier  # noqa: E402
from device.modalities.text.lines import MAX_LINE  # noqa: E402
from device.modalities.text.mqtt import MqttText  # noqa: E402
from device.modalities.text.stream import TextStream  # noqa: E402
from device.sinks.mqtt import Address  # noqa: E402
from fer_edge import zoo  # noqa: E402

from ...mosquitto import TIMEOUT, Broker, wait_until  # noqa: E402

TEXT = "I love this, thank you so much!"


@pytest.fixture
def stream(broker: Broker):
    """A stream of the shipped text model on the topic room/+, not started."""
    source = MqttText(Address.parse(f"mqtt://127.0.0.1:{broker.port}"), "room/+", None)
    model = zoo.HOME / "text" / "text_int8.tflite"
    opened = TextStream(source, TextClassifier(model))
    yield opened
    opened.close()


def publish(port: int, topic: str, *payloads: bytes) -> None:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for payload in payloads:
        client.publish(topic, payload, qos=1).wait_for_publish(TIMEOUT)
    client.disconnect()
    client.loop_stop()


def label(stream: TextStream) -> str:
    latest = stream.latest()
    return "" if latest is None else str(latest.labels[int(np.argmax(latest.probabilities))])


def say_until(broker: Broker, stream: TextStream, payload: bytes, expected: str) -> None:
    """Publish until the subscription, which is asynchronous, gets it."""

    def heard() -> bool:
        publish(broker.port, "room/chat", payload)
        return label(stream) == expected

    wait_until(heard)


def test_messages_are_classified_as_text_and_as_json(broker: Broker, stream: TextStream) -> None:
    broker.start()
    stream.start()
    say_until(broker, stream, TEXT.encode(), "joy")
    sad = json.dumps({"text": "That makes me so sad."}).encode()
    say_until(broker, stream, sad, "sadness")


def test_other_topics_and_huge_messages_are_ignored(
    broker: Broker, stream: TextStream, caplog: pytest.LogCaptureFixture
) -> None:
    broker.start()
    stream.start()
    say_until(broker, stream, TEXT.encode(), "joy")
    publish(broker.port, "garden/chat", b"That makes me so sad.")
    publish(broker.port, "room/chat", b"x" * (MAX_LINE + 1))
    wait_until(lambda: "skipped a message of more than" in caplog.text)
    assert label(stream) == "joy"


def test_a_broker_that_starts_late_or_again_is_found(
    broker: Broker, stream: TextStream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stream.start()
    wait_until(lambda: "cannot be reached" in caplog.text and "retrying" in caplog.text)
    broker.start()
    say_until(broker, stream, TEXT.encode(), "joy")
    broker.stop()
    broker.start()
    say_until(broker, stream, b"That makes me so sad.", "sadness")


def test_a_topic_with_control_characters_is_refused() -> None:
    with pytest.raises(InputError, match="topic"):
        MqttText(Address.parse("mqtt://127.0.0.1"), "room/\n", None)
