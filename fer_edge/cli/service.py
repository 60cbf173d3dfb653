"""`fer-edge service`: runs fer-edge as a systemd service."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from device.errors import InputError
from fer_edge.cli.shared.mqtt import check_extra
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from device.system.systemd_unit import Network, Service

INSTALL_EXAMPLE = "Example: sudo fer-edge service install -- serve /dev/video0"
REMOVE_EXAMPLE = "Example: sudo fer-edge service remove"

_COMMANDS = ("run", "serve")
_INPUTS = (
    *("detector_model", "text", "text_model", "audio", "audio_model", "fusion"),
    *("token_file", "mqtt_ca", "mqtt_cert", "mqtt_key"),
)
_NO_FILES = ("-", "mic", "picamera")
_OUTPUTS = ("jsonl", "csv", "video")

app = typer.Typer(no_args_is_help=True, help="Run fer-edge as a systemd service.")

NameOption = Annotated[
    str, typer.Option(help="Name of the unit, of its user and of its folder in /var/lib.")
]


@app.callback()
def group() -> None:
    """Run fer-edge as a systemd service."""


@app.command("install", epilog=INSTALL_EXAMPLE)
def install(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(help="Command to run, after --: run or serve with their options."),
    ] = None,
    name: NameOption = "fer-edge",
    folder: Annotated[
        Path | None,
        typer.Option("--to", help="Write the unit to this folder and start nothing."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the unit and change nothing.")
    ] = False,
) -> None:
    """Write a hardened systemd unit, start it now and on every boot."""
    from device.system import systemd_install

    service = _service(name, command or (), context.find_root().command)
    if dry_run:
        typer.echo(service.unit(), nl=False)
        return
    path = systemd_install.install(service, folder or systemd_install.UNITS)
    echo(f"wrote {path}")
    done = [] if folder else systemd_install.activate(name)
    for line in done:
        echo(f"ran   {line}")
    if not done:
        echo(f"start it with: sudo systemctl enable --now {name}")
    echo(f"relative output files are below {service.state_folder}")
    echo(f"watch it with: systemctl status {name}; journalctl -u {name}")


@app.command("remove", epilog=REMOVE_EXAMPLE)
def remove(
    name: NameOption = "fer-edge",
    folder: Annotated[
        Path | None, typer.Option("--from", help="Folder of the unit, if not systemd's.")
    ] = None,
) -> None:
    """Stop the service and remove its unit; its output files are kept."""
    from device.system import systemd_install

    done, addresses = systemd_install.remove(name, folder or systemd_install.UNITS)
    for line in done:
        echo(f"ran   {line}")
    echo(f"removed the unit {name}; its files are kept in /var/lib/{name}")
    for address in addresses:
        echo(f"remove the device from Home Assistant with: fer-edge mqtt clear {address}")


def _service(name: str, words: Sequence[str], commands: Any) -> "Service":
    """Parse a command with its own parser and derive the access that it needs."""
    from device.system.systemd_unit import Service

    program = Path(sys.executable).parent / "fer-edge"
    if not program.is_file():
        raise InputError(f"{program} is missing: install fer-edge with pip first")
    if not words or words[0] not in _COMMANDS:
        given = f"{words[0]} cannot be a service" if words else "there is no command"
        raise InputError(
            f"{given}: give run or serve after --, such as "
            "fer-edge service install -- serve /dev/video0"
        )
    values = _command_line_values(words, commands)
    if "mqtt" in values:
        check_extra()
        from device.sinks.mqtt import Address

        Address.parse(values["mqtt"])
    inputs = list(_inputs(values))
    for path in inputs:
        if not path.is_absolute() and not path.exists():
            raise InputError(f"{path}: no such file in this folder: give its full path")
    outputs = [
        values[option]
        for option in _OUTPUTS
        if values.get(option) is not None and str(values[option]) != "-"
    ]
    return Service(
        name=name,
        program=program,
        arguments=tuple(_with_absolute(words, {str(path) for path in inputs})),
        reads=tuple(path.absolute() for path in inputs),
        writes=tuple(path for path in outputs if path.is_absolute()),
        network=_network(words[0], values),
    )


def _command_line_values(words: Sequence[str], commands: Any) -> dict[str, Any]:
    """Parse `run …` or `serve …`, using only its words and not this shell's environment."""
    context = commands.commands[words[0]].make_context(words[0], list(words[1:]))
    values: dict[str, Any] = {
        option: value
        for option, value in context.params.items()
        if context.get_parameter_source(option).name == "COMMANDLINE"
    }
    return values


def _inputs(values: dict[str, Any]) -> Iterator[Path]:
    """The files that the values name, as they were written."""
    from fer_edge import zoo

    sources: list[str] = list(values.get("source") or ())
    if "-" in sources:
        raise InputError("a service has no stdin: give a camera, a file or an address")
    named = [*sources, values.get("model"), *(values.get(option) for option in _INPUTS)]
    for value in filter(None, named):
        word = str(value)
        device = word.isdecimal() or word in _NO_FILES or word.startswith("/dev/")
        if not (device or "://" in word or word.startswith((zoo.PREFIX, "mqtt:"))):
            yield Path(word)


def _with_absolute(words: Sequence[str], paths: set[str]) -> Iterator[str]:
    """Make the paths among the words absolute, since the service runs in another folder."""
    for word in words:
        option, equals, value = word.partition("=")
        if word in paths:
            yield str(Path(word).absolute())
        elif word.startswith("--") and value in paths:
            yield option + equals + str(Path(value).absolute())
        else:
            yield word


def _network(command: str, values: dict[str, Any]) -> "Network":
    """The least network access that a command needs."""
    from device.system.systemd_unit import Network
    from fer_edge.cli.shared.arguments import is_model

    sources = [word for word in values.get("source") or () if not is_model(word)]
    from_environment = not sources  # perhaps a stream
    if from_environment or "mqtt" in values or any("://" in word for word in sources):
        return Network.any
    if command == "run":
        return Network.none
    from device.preview.access import is_local

    return Network.local if is_local(values.get("host", "127.0.0.1")) else Network.any
