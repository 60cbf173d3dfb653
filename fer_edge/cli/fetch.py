"""`fer-edge fetch`: bring a detector's file, or what counting instructions needs."""

from enum import StrEnum
from typing import Annotated

import typer

from fer_edge.cli.shared.terminal import echo

EXAMPLE = "Example: fer-edge fetch yunet"


class Name(StrEnum):
    """What can be fetched."""

    yunet = "yunet"
    arm = "arm"


def fetch(
    name: Annotated[
        Name,
        typer.Argument(
            help="yunet: the face detector. arm: an emulated Arm system, for `bench --count`."
        ),
    ],
    url: Annotated[
        str | None,
        typer.Option(
            help="Bring it from this address, such as a mirror's; for arm, of a Debian archive."
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds without a byte before giving up (yunet).")
    ] = 30.0,
) -> None:
    """Bring a file or a set of programs, checked by SHA-256, to the user's data folder."""
    if name is Name.arm:
        _fetch_arm(url)
    else:
        _fetch_file(name, url, timeout)


def _fetch_arm(mirror: str | None) -> None:
    """Install what `bench --count` needs, unless it is there and works."""
    from rich.console import Console

    from benchmarks.counting import install, kit
    from benchmarks.counting.count import try_out
    from device.errors import FerEdgeError

    console = Console(stderr=True)
    if kit.is_installed():
        try:
            try_out(kit.find())
        except FerEdgeError as error:
            console.print(f"{kit.folder()} does not work, and is replaced: {error}", markup=False)
        else:
            echo(f"{kit.folder()}: already there, tried")
            return
    with console.status("fetch arm") as status:
        found = install.install(
            mirror=mirror,
            check=try_out,
            progress=lambda step: (
                status.update(step) if console.is_terminal else console.print(step)
            ),
        )
    count = len(found.manifest["packages"]) + len(found.manifest["wheels"])
    echo(f"{found.folder}: {count} packages fetched, checked and tried")


def _fetch_file(name: str, url: str | None, timeout: float) -> None:
    """Download one file."""
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
            timeout=timeout,
            progress=lambda received: progress.update(task, completed=received),
        )
    state = "fetched and checked" if downloaded else "already there, checked"
    echo(f"{asset.path()}: {state} ({asset.size:,} bytes, licence {asset.licence})")
