"""Messages of Home Assistant's MQTT discovery that describe the device.

Source: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and, for the keys,
https://www.home-assistant.io/integrations/sensor.mqtt/
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

PREFIX = "homeassistant"
"""Home Assistant's default prefix of discovery topics."""

STATE = "/state"
AVAILABILITY = "/availability"

_SENSORS = ("expression", "confidence", "faces", "fused")

_EXPRESSION = "{{ value_json.expression }}"
_PERCENT = (
    "{{ (value_json.confidence * 100) | round if value_json.confidence is not none else none }}"
)
_FACES = "{{ value_json.faces }}"
_FUSED = "{{ value_json.fused.label if value_json.fused else none }}"


def messages(
    topic: str, labels: tuple[str, ...], modalities: Sequence[str] = ()
) -> Iterator[tuple[str, str]]:
    """Generate the retained messages that describe one device and its sensors.

    Args:
        topic: first part of the device's topics, also the name of the device.
        labels: labels of the model; the expression is one of them or "uncertain".
        modalities: names of the modalities that are fused, which add a sensor; none for faces
            alone.

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
    if modalities:
        sensors["fused"] = {
            "name": f"Expression by {', '.join(modalities)}",
            "device_class": "enum",
            "options": [*labels, "uncertain"],
            "value_template": _FUSED,
            "icon": "mdi:emoticon-outline",
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
    """Return the unique id of a device in Home Assistant, different for every topic.

    Home Assistant allows only letters, digits, `_` and `-`. For other topics, a part of the topic's
    SHA-256 is appended, since otherwise `a/b` and `a.b` would get the same id.
    """
    node = _replaced(topic)
    if node == topic:
        return topic
    return f"{node}-{hashlib.sha256(topic.encode()).hexdigest()[:12]}"


def retained_topics(topic: str) -> list[str]:
    """Return all topics with retained messages of a device, including those of earlier versions."""
    nodes = dict.fromkeys((node_id(topic), _replaced(topic)))
    configs = [_config_topic(node, name) for node in nodes for name in _SENSORS]
    return [*configs, topic + AVAILABILITY]


def _replaced(topic: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_-]", "_", topic)


def _config_topic(node: str, name: str) -> str:
    return f"{PREFIX}/sensor/{node}/{name}/config"
