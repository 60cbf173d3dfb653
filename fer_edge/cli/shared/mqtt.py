"""Options of `run` and `serve` for publishing results over MQTT."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from device.errors import InputError
from fer_edge.cli.shared.options import finite

if TYPE_CHECKING:
    from device.sinks import Sink
    from device.sinks.mqtt import Credentials

PASSWORD = "FER_EDGE_MQTT_PASSWORD"
KEY_PASSWORD = "FER_EDGE_MQTT_KEY_PASSWORD"
MQTT = "MQTT"

CaOption = Annotated[
    Path | None,
    typer.Option(
        help="PEM file of the certificate authority of the broker.",
        show_default="the system's authorities",
        rich_help_panel=MQTT,
    ),
]
CertificateOption = Annotated[
    Path | None,
    typer.Option(help="PEM file of this machine's certificate.", rich_help_panel=MQTT),
]
KeyOption = Annotated[
    Path | None, typer.Option(help="PEM file of this machine's private key.", rich_help_panel=MQTT)
]


@dataclass(frozen=True, kw_only=True)
class MqttOptions:
    """Where and how results are published over MQTT."""

    mqtt: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Publish to mqtt://HOST or mqtts://USER@HOST:PORT/TOPIC.",
            rich_help_panel=MQTT,
        ),
    ] = None
    mqtt_interval: Annotated[
        float,
        typer.Option(
            min=0,
            callback=finite,
            help="Maximum time in seconds between two messages; 0: every frame.",
            rich_help_panel=MQTT,
        ),
    ] = 1.0
    mqtt_ca: CaOption = None
    mqtt_cert: CertificateOption = None
    mqtt_key: KeyOption = None

    def sinks(
        self, labels: tuple[str, ...], modalities: tuple[str, ...] = ()
    ) -> "list[Callable[[], Sink]]":
        """Return a function that opens the sink, if an address is given.

        Args:
            labels: the model's labels.
            modalities: names of the modalities that are fused; none for faces alone.

        Raises:
            InputError: the address is not valid, or the extra `mqtt` is not installed.
        """
        if self.mqtt is None:
            if self.mqtt_ca or self.mqtt_cert or self.mqtt_key:
                raise InputError("--mqtt-ca, --mqtt-cert and --mqtt-key need --mqtt URL")
            return []
        check_extra()
        from device.sinks.mqtt import Address, MqttSink

        address = Address.parse(self.mqtt)
        proof = credentials(self.mqtt_ca, self.mqtt_cert, self.mqtt_key)
        interval = self.mqtt_interval
        return [
            lambda: MqttSink(
                address,
                labels=labels,
                credentials=proof,
                interval=interval,
                modalities=modalities,
            )
        ]


def check_extra() -> None:
    """Raise InputError if the extra `mqtt` is not installed."""
    try:
        import paho.mqtt.client  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError("MQTT needs an extra: pip install 'fer-edge[mqtt]'") from error


def credentials(ca: Path | None, certificate: Path | None, key: Path | None) -> "Credentials":
    """Combine files and passwords; passwords come from the environment, as `ps` shows options."""
    from device.sinks.mqtt import Credentials

    password, key_password = os.environ.get(PASSWORD), os.environ.get(KEY_PASSWORD)
    return Credentials(password, ca, certificate, key, key_password)
