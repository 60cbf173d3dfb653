"""`fer-edge fetch`: bring a detector's file."""

from enum import StrEnum
from typing import Annotated

import typer

EXAMPLE = "Example: fer-edge fetch yunet"


class Name(StrEnum):
    """What can be fetched."""

    yunet = "yunet"


def fetch(
    name: Annotated[Name, typer.Argument(help="What to bring: the face detector YuNet.")],
    url: Annotated[
        str | None, typer.Option(help="Bring it from this address, such as a mirror's.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds without a byte before giving up.")
    ] = 30.0,
) -> None:
    """Bring a face detector's file, checked by size and SHA-256, to the user's data folder."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from device.faces import download as fetching

    asset = fetching.ASSETS[name]
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as progress:
        task = progress.add_task(asset.file, total=asset.size)
        downloaded = fetching.fetch(
            asset,
            url=url,
            patience=timeout,
            progress=lambda received: progress.update(task, completed=received),
        )
    state = "fetched and checked" if downloaded else "already there, checked"
    typer.echo(f"{asset.path()}: {state} ({asset.size:,} bytes, licence {asset.licence})")
