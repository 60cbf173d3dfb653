"""The options of `run` and `serve` that publish results by MQTT."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from device.errors import InputError

if TYPE_CHECKING:
    from device.sinks.base import Sink

PASSWORD = "FER_EDGE_MQTT_PASSWORD"
MQTT = "MQTT"

MqttOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Publish to mqtt://HOST or mqtts://USER@HOST:PORT/TOPIC.",
        rich_help_panel=MQTT,
    ),
]
IntervalOption = Annotated[
    float,
    typer.Option(
        min=0, help="Most seconds between two messages; 0: every frame.", rich_help_panel=MQTT
    ),
]


def mqtt_sinks(
    url: str | None, interval: float, *, labels: tuple[str, ...]
) -> "list[Callable[[], Sink]]":
    """Give a function that opens the sink if one was asked for.

    Args:
        url: the broker's; None for no sink.
        interval: most seconds between two messages.
        labels: the model's.

    Raises:
        InputError: the address is none, or the extra is not installed.
    """
    if url is None:
        return []
    try:
        from device.sinks.mqtt import Address, MqttSink
    except ModuleNotFoundError as error:
        raise InputError("--mqtt needs an extra: pip install 'fer-edge[mqtt]'") from error
    address, password = Address.parse(url), os.environ.get(PASSWORD)
    return [lambda: MqttSink(address, labels=labels, password=password, interval=interval)]
