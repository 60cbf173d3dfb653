"""`fer-edge fetch`: downloads the face detector or the emulated Arm system."""

from enum import StrEnum
from typing import Annotated

import typer

from fer_edge.cli.shared.terminal import echo

EXAMPLE = "Example: fer-edge fetch yunet"


class Name(StrEnum):
    """What can be downloaded."""

    yunet = "yunet"
    arm = "arm"


def fetch(
    name: Annotated[
        Name,
        typer.Argument(help="yunet: face detector; arm: emulated Arm system for `bench --count`."),
    ],
    url: Annotated[
        str | None,
        typer.Option(
            help="Download from this address, such as a mirror; for arm, a Debian archive."
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds without data before giving up (yunet).")
    ] = 30.0,
) -> None:
    """Download the face detector or the emulated Arm system, verified by SHA-256."""
    if name is Name.arm:
        _fetch_arm(url)
    else:
        _fetch_file(name, url, timeout)


def _fetch_arm(mirror: str | None) -> None:
    """Install what `bench --count` needs, unless it is installed and works."""
    from rich.console import Console

    from benchmarks.counting import install, kit
    from benchmarks.counting.count import try_out
    from device.errors import FerEdgeError

    console = Console(stderr=True)
    if kit.is_installed():
        try:
            try_out(kit.find())
        except FerEdgeError as error:
            console.print(f"{kit.folder()} does not work and is replaced: {error}", markup=False)
        else:
            echo(f"{kit.folder()}: already installed, tested")
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
    echo(f"{found.folder}: {count} packages downloaded, verified and tested")


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
    state = "downloaded and verified" if downloaded else "already there, verified"
    echo(f"{asset.path()}: {state} ({asset.size:,} bytes, license {asset.licence})")
