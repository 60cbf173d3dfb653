"""What Home Assistant reads to set up the device by itself ("MQTT discovery").

Source: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and, for the keys,
https://www.home-assistant.io/integrations/sensor.mqtt/
"""

import json
import re
from collections.abc import Iterator
from typing import Any

PREFIX = "homeassistant"
"""The topic below which Home Assistant looks, unless its settings say otherwise."""

STATE = "/state"
AVAILABILITY = "/availability"

_EXPRESSION = "{{ value_json.expression }}"
_PERCENT = (
    "{{ (value_json.confidence * 100) | round if value_json.confidence is not none else none }}"
)
_FACES = "{{ value_json.faces }}"


def messages(topic: str, labels: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Give the retained messages that describe one device with three sensors.

    Args:
        topic: the first part of the device's topics; the device is named after it.
        labels: the model's; with "uncertain" they are all that the expression can be.

    Returns:
        topics and their JSON payloads.
    """
    node = re.sub(r"[^a-zA-Z0-9_-]", "_", topic)
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
        yield f"{PREFIX}/sensor/{node}/{name}/config", json.dumps(payload)
