"""`fer-edge serve`: like `run`, with a web page."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from device.errors import InputError
from fer_edge.cli.shared import arguments, options, stream
from fer_edge.cli.shared.modalities import ModalityOptions
from fer_edge.cli.shared.mqtt import MqttOptions
from fer_edge.cli.shared.option_groups import with_option_groups
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from device.sinks.base import Sink

EXAMPLE = "Example: fer-edge serve /dev/video0"

PAGE = "Page"
TOKEN = "FER_EDGE_TOKEN"


@dataclass(frozen=True, kw_only=True)
class PageOptions:
    """Address, access control and content of the web page."""

    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on; an address that others can reach needs a token.",
            rich_help_panel=PAGE,
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Port; 0: any free port.", rich_help_panel=PAGE),
    ] = 8080
    token_file: Annotated[
        Path | None,
        typer.Option(
            help=f"File with the token that viewers enter; alternatively set {TOKEN}.",
            rich_help_panel=PAGE,
        ),
    ] = None
    pictures: Annotated[
        bool,
        typer.Option(
            "--frames/--no-frames", help="Show the video, or only numbers.", rich_help_panel=PAGE
        ),
    ] = True
    page_fps: Annotated[
        float,
        typer.Option(
            min=0.1,
            max=1000,
            callback=options.finite,
            help="Maximum number of frames per second.",
            rich_help_panel=PAGE,
        ),
    ] = 20


@with_option_groups
def serve(
    source: options.SourceArgument = None,
    model: options.ModelOption = None,
    *,
    page: PageOptions,
    output: stream.OutputOptions,
    messages: MqttOptions,
    threads: options.ThreadsOption = 1,
    reading: options.SourceOptions,
    faces: options.FaceOptions,
    beside: ModalityOptions,
) -> None:
    """Track the faces of a source and show them on a web page, for machines without a monitor.

    By default the page is reachable from this machine only; to watch from another one, run there:
    ssh -L 8080:localhost:8080 PI.
    """
    try:
        from device.preview.access import Access
        from device.preview.server import bind
        from device.preview.sink import PreviewSink
    except ModuleNotFoundError as error:
        raise InputError("serve needs an extra: pip install 'fer-edge[serve]'") from error
    from device.sources.paced import RealTimeSource

    model, spec = arguments.model_and_source(source or (), model)
    access = Access(page.host, _token(page.token_file))
    opened = reading.open(spec)
    with bind(page.host, page.port) as listener:
        analyzer = stream.make_faces(model, faces, threads=threads)

        def open_page() -> "Sink":
            sink = PreviewSink(
                listener, access, source=opened.name, frames=page.pictures, fps=page.page_fps
            )
            port = listener.getsockname()[1]
            echo(f"watch at http://{_reachable(page.host)}:{port}/", err=True)
            return sink

        fusion = beside.open(model, spec, analyzer.labels, messages, threshold=faces.threshold)
        files = output.sinks(
            analyzer.labels, fps=lambda: reading.fps or opened.fps, modalities=beside.names
        )
        stream.analyze(
            opened if opened.live or fusion else RealTimeSource(opened),
            analyzer,
            [open_page, *files, *messages.sinks(analyzer.labels, beside.names)],
            fusion=fusion,
        )


def _token(file: Path | None) -> str | None:
    """Read the token from its file or the environment; as an option it would be visible in `ps`."""
    if file is None:
        return os.environ.get(TOKEN)
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--token-file {file} cannot be read ({error})") from error


def _reachable(host: str) -> str:
    """Give a host name instead of the wildcard address."""
    import socket

    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
