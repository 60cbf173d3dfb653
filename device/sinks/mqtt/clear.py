"""Removes the retained messages of a device from a broker and thus from Home Assistant."""

import threading
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.reasoncodes import ReasonCode

from device.errors import CheckFailedError
from device.sinks import home_assistant
from device.sinks.mqtt.address import Address
from device.sinks.mqtt.client import (
    QOS,
    Credentials,
    explain_failure,
    explain_refusal,
    make_client,
)

_TIMEOUT = 10.0  # seconds, for each response of the broker


def clear(address: Address, credentials: Credentials) -> list[str]:
    """Remove the retained messages of a device by replacing each with an empty one.

    Args:
        address: broker, user and topic of the device, which must no longer be running.
        credentials: password and certificates.

    Returns:
        The topics that were cleared.

    Raises:
        CheckFailedError: the broker cannot be reached, refuses the login or does not respond.
        InputError: a file of the credentials cannot be used.
    """
    client = make_client(address, credentials)
    answered = threading.Event()
    answers: list[ReasonCode] = []

    def on_connect(_: mqtt.Client, __: Any, ___: Any, reason: ReasonCode, ____: Any) -> None:
        answers.append(reason)
        answered.set()

    client.on_connect = on_connect
    try:
        client.connect(address.host, address.port)
    except OSError as error:
        raise CheckFailedError(f"{address}: {explain_failure(error)}") from error
    client.loop_start()
    try:
        if not answered.wait(_TIMEOUT):
            raise CheckFailedError(f"{address}: no response within {_TIMEOUT:.0f} s")
        if answers[0].is_failure:
            raise CheckFailedError(f"{address}: {explain_refusal(answers[0], address)}")
        topics = home_assistant.retained_topics(address.topic)
        sent = [client.publish(topic, b"", QOS, retain=True) for topic in topics]
        for message in sent:
            message.wait_for_publish(_TIMEOUT)
        if not all(message.is_published() for message in sent):
            raise CheckFailedError(f"{address}: not all messages were acknowledged; try again")
        return topics
    finally:
        client.disconnect()
        client.loop_stop()
