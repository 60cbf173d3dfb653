"""`fer-edge service`: keep fer-edge running on a machine of its own."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from device.errors import InputError

EXAMPLE = "Example: sudo fer-edge service install -- serve /dev/video0 --model /opt/fer/int8.tflite"

app = typer.Typer(no_args_is_help=True, help="Keep fer-edge running, by systemd.")


@app.callback()
def group() -> None:
    """Keep fer-edge running, by systemd."""


@app.command("install", epilog=EXAMPLE)
def install(
    command: Annotated[
        list[str] | None,
        typer.Argument(help="What to run, after --: run or serve with their options."),
    ] = None,
    name: Annotated[str, typer.Option(help="Of the unit, its user and its folder.")] = "fer-edge",
    folder: Annotated[
        Path | None,
        typer.Option("--to", help="Write the unit into this folder and start nothing."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the unit and do nothing.")
    ] = False,
) -> None:
    """Write a hardened systemd unit, start it now and at every boot."""
    from device.system import systemd_unit

    program = Path(sys.executable).parent / "fer-edge"
    if not program.is_file():
        raise InputError(f"{program} is missing: install fer-edge with pip first")
    wanted = systemd_unit.Service(name, program, tuple(command or ()))
    if dry_run:
        typer.echo(wanted.unit(), nl=False)
        return
    path = systemd_unit.install(wanted, folder or systemd_unit.UNITS)
    typer.echo(f"wrote {path}")
    done = [] if folder else systemd_unit.activate(name)
    for line in done:
        typer.echo(f"ran   {line}")
    if not done:
        typer.echo(f"start it with: sudo systemctl enable --now {name}")
    typer.echo(f"look after it with: systemctl status {name}; journalctl -u {name}")
