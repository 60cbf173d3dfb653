"""`fer-edge run`: the expressions in a video, a camera's or a stream's pictures, on and on."""

from pathlib import Path
from typing import Annotated

import typer

from fer_edge.cli.shared import options, stream
from fer_edge.cli.shared.mqtt import IntervalOption, MqttOption, mqtt_sinks

EXAMPLE = "Example: fer-edge run /dev/video0 --jsonl -"


def run(
    source: options.SourceArgument,
    model: options.ModelOption = None,
    jsonl: Annotated[
        Path | None,
        typer.Option(help="Append JSON Lines to it; - is stdout (default).", allow_dash=True),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Append one row a face to this file.")] = None,
    video: Annotated[
        Path | None, typer.Option(help="Draw the results into this video (.avi, .mp4).")
    ] = None,
    mqtt: MqttOption = None,
    mqtt_interval: IntervalOption = 1.0,
    frames: options.FramesOption = None,
    threads: options.ThreadsOption = 1,
    width: options.WidthOption = None,
    height: options.HeightOption = None,
    fps: options.FpsOption = None,
    stdin_format: options.StdinFormatOption = options.StdinFormat.mjpeg,
    every_frame: options.EveryFrameOption = False,
    detector: options.DetectorOption = options.DetectorName.haar,
    detector_model: options.DetectorModelOption = None,
    every: options.EveryOption = 1,
    roi: options.RoiOption = None,
    largest: options.LargestOption = False,
    margin: options.MarginOption = None,
    smoothing: options.SmoothingOption = 0.5,
    threshold: options.ThresholdOption = 0.4,
) -> None:
    """Follow the faces of a source and say what they show, frame after frame.

    Ends with the source, or within a second of Ctrl-C or SIGTERM; what was written is whole.
    """
    from device.sources import open_source

    opened = open_source(
        source,
        width=width,
        height=height,
        fps=fps,
        stdin_format=stdin_format.value,
        every_frame=every_frame,
    )
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
    sinks = stream.file_sinks(
        jsonl,
        csv,
        video,
        labels=faces.labels,
        fps=lambda: fps or opened.fps,
        default_stdout=mqtt is None,
    )
    messages = mqtt_sinks(mqtt, mqtt_interval, labels=faces.labels)
    stream.analyze(opened, faces, [*sinks, *messages], frames=frames)
