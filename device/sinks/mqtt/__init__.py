"""Expressions as MQTT messages, with automatic setup in Home Assistant."""

from device.sinks.mqtt.address import Address
from device.sinks.mqtt.client import Credentials
from device.sinks.mqtt.sink import MqttSink

__all__ = ["Address", "Credentials", "MqttSink"]
