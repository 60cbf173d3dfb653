"""`fer-edge serve`: the same as `run`, with a web page to watch it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from device.errors import InputError
from fer_edge.cli.shared import options, stream
from fer_edge.cli.shared.mqtt import IntervalOption, MqttOption, mqtt_sinks

if TYPE_CHECKING:
    from device.sinks.base import Sink

EXAMPLE = "Example: fer-edge serve /dev/video0"

PAGE = "Page"
TOKEN = "FER_EDGE_TOKEN"


def serve(
    source: options.SourceArgument,
    model: options.ModelOption = None,
    host: Annotated[
        str, typer.Option(help="Address to serve; another needs a token.", rich_help_panel=PAGE)
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="0: any that is free.", rich_help_panel=PAGE)
    ] = 8080,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help=f"File with the token that viewers give; or set {TOKEN}.", rich_help_panel=PAGE
        ),
    ] = None,
    pictures: Annotated[
        bool,
        typer.Option(
            "--frames/--no-frames", help="Show pictures, or numbers alone.", rich_help_panel=PAGE
        ),
    ] = True,
    page_fps: Annotated[
        float, typer.Option(min=0.1, help="Most pictures a second.", rich_help_panel=PAGE)
    ] = 20,
    jsonl: Annotated[
        Path | None, typer.Option(help="Append JSON Lines to this file; - for stdout.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Append one row a face to this file.")] = None,
    mqtt: MqttOption = None,
    mqtt_interval: IntervalOption = 1.0,
    threads: options.ThreadsOption = 1,
    width: options.WidthOption = None,
    height: options.HeightOption = None,
    fps: options.FpsOption = None,
    stdin_format: options.StdinFormatOption = options.StdinFormat.mjpeg,
    detector: options.DetectorOption = options.DetectorName.haar,
    detector_model: options.DetectorModelOption = None,
    every: options.EveryOption = 1,
    roi: options.RoiOption = None,
    largest: options.LargestOption = False,
    margin: options.MarginOption = None,
    smoothing: options.SmoothingOption = 0.5,
    threshold: options.ThresholdOption = 0.4,
) -> None:
    """Follow the faces of a source and show them on a web page, for machines without a monitor.

    Serves this machine alone, unless told otherwise; from another: ssh -L 8080:localhost:8080 PI.
    """
    try:
        from device.preview.access import Access
        from device.preview.server import bind
        from device.preview.sink import PreviewSink
    except ModuleNotFoundError as error:
        raise InputError("serve needs an extra: pip install 'fer-edge[serve]'") from error
    from device.sources import open_source
    from device.sources.paced import RealTimeSource

    access = Access(host, _token(token_file))
    opened = open_source(
        source, width=width, height=height, fps=fps, stdin_format=stdin_format.value
    )
    with bind(host, port) as listener:
        faces = stream.make_faces(
            model,
            detector=detector,
            detector_model=detector_model,
            every=every,
            roi=roi,
            largest=largest,
            margin=margin,
            smoothing=smoothing,
            threshold=threshold,
            threads=threads,
        )

        def open_page() -> "Sink":
            page = PreviewSink(listener, access, source=opened.name, frames=pictures, fps=page_fps)
            typer.echo(f"watch at http://{_reachable(host)}:{listener.getsockname()[1]}/", err=True)
            return page

        files = stream.file_sinks(
            jsonl, csv, None, labels=faces.labels, fps=lambda: 0.0, default_stdout=False
        )
        messages = mqtt_sinks(mqtt, mqtt_interval, labels=faces.labels)
        stream.analyze(
            opened if opened.live else RealTimeSource(opened), faces, [open_page, *files, *messages]
        )


def _token(file: Path | None) -> str | None:
    """Read the token from its file or the environment; an option would stand in `ps`."""
    if file is None:
        return os.environ.get(TOKEN)
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--token-file {file} cannot be read ({error})") from error


def _reachable(host: str) -> str:
    """A name for people instead of the address that stands for all of this machine's."""
    import socket

    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
