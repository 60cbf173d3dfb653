"""Expressions as MQTT messages, with what Home Assistant needs to set the device up by itself."""

from device.sinks.mqtt.address import Address
from device.sinks.mqtt.client import Credentials
from device.sinks.mqtt.sink import MqttSink

__all__ = ["Address", "Credentials", "MqttSink"]
