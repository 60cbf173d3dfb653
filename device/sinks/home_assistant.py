"""Home Assistant's MQTT discovery: the messages that describe the device.

Source: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and, for the keys,
https://www.home-assistant.io/integrations/sensor.mqtt/
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

PREFIX = "homeassistant"
"""Home Assistant's default prefix of discovery topics."""

STATE = "/state"
AVAILABILITY = "/availability"

_SENSORS = ("expression", "confidence", "faces")

_EXPRESSION = "{{ value_json.expression }}"
_PERCENT = (
    "{{ (value_json.confidence * 100) | round if value_json.confidence is not none else none }}"
)
_FACES = "{{ value_json.faces }}"


def messages(topic: str, labels: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Give the retained messages that describe one device with three sensors.

    Args:
        topic: first part of the device's topics, also the name of the device.
        labels: labels of the model; the expression is one of them or "uncertain".

    Returns:
        Topics and their JSON payloads.
    """
    node = node_id(topic)
    sensors: dict[str, dict[str, Any]] = {
        "expression": {
            "name": "Expression",
            "device_class": "enum",
            "options": [*labels, "uncertain"],
            "value_template": _EXPRESSION,
            "json_attributes_topic": topic + STATE,
            "icon": "mdi:emoticon-outline",
        },
        "confidence": {
            "name": "Confidence",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "value_template": _PERCENT,
            "icon": "mdi:percent",
        },
        "faces": {
            "name": "Faces",
            "state_class": "measurement",
            "value_template": _FACES,
            "icon": "mdi:face-recognition",
        },
    }
    for name, sensor in sensors.items():
        payload = sensor | {
            "unique_id": f"{node}_{name}",
            "state_topic": topic + STATE,
            "availability_topic": topic + AVAILABILITY,
            "device": {"identifiers": [node], "name": topic, "manufacturer": "fer-edge"},
            "origin": {"name": "fer-edge"},
        }
        yield _config_topic(node, name), json.dumps(payload)


def node_id(topic: str) -> str:
    """Give the unique id of a device in Home Assistant, another one for every topic.

    Home Assistant takes letters, digits, `_` and `-` only. A topic with others gets part of its
    SHA-256, since `a/b` and `a.b` would be the same name otherwise.
    """
    node = _replaced(topic)
    if node == topic:
        return topic
    return f"{node}-{hashlib.sha256(topic.encode()).hexdigest()[:12]}"


def retained_topics(topic: str) -> list[str]:
    """Give all topics that keep a message of a device, also those that earlier versions used."""
    nodes = dict.fromkeys((node_id(topic), _replaced(topic)))
    configs = [_config_topic(node, name) for node in nodes for name in _SENSORS]
    return [*configs, topic + AVAILABILITY]


def _replaced(topic: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_-]", "_", topic)


def _config_topic(node: str, name: str) -> str:
    return f"{PREFIX}/sensor/{node}/{name}/config"
