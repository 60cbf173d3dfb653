"""`fer-edge mqtt`: manages retained messages of devices on a broker."""

from typing import Annotated

import typer

from fer_edge.cli.shared.mqtt import (
    CaOption,
    CertificateOption,
    KeyOption,
    check_extra,
    credentials,
)
from fer_edge.cli.shared.terminal import echo

EXAMPLE = "Example: fer-edge mqtt clear mqtt://pi@homeassistant.local/kitchen"

app = typer.Typer(no_args_is_help=True, help="Manage the messages that devices retain on a broker.")


@app.callback()
def group() -> None:
    """Manage the messages that devices retain on a broker."""


@app.command("clear", epilog=EXAMPLE)
def clear(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Address as given to --mqtt, with the topic.")
    ],
    mqtt_ca: CaOption = None,
    mqtt_cert: CertificateOption = None,
    mqtt_key: KeyOption = None,
) -> None:
    """Remove a device from the broker and from Home Assistant, after its last run.

    The broker retains the messages that announce a device to Home Assistant, even after fer-edge
    is uninstalled; this clears them. The password is read from FER_EDGE_MQTT_PASSWORD.
    """
    check_extra()
    from device.sinks.mqtt import Address
    from device.sinks.mqtt.clear import clear as clear_topics

    address = Address.parse(url)
    for topic in clear_topics(address, credentials(mqtt_ca, mqtt_cert, mqtt_key)):
        echo(f"removed {topic}")
