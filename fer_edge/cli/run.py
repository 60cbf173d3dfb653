"""`fer-edge run`: classifies the faces of a video, camera or stream frame by frame."""

from fer_edge.cli.shared import arguments, options, stream
from fer_edge.cli.shared.modalities import ModalityOptions
from fer_edge.cli.shared.mqtt import MqttOptions
from fer_edge.cli.shared.option_groups import with_option_groups

EXAMPLE = "Example: fer-edge run /dev/video0 --jsonl -"


@with_option_groups
def run(
    source: options.SourceArgument = None,
    model: options.ModelOption = None,
    *,
    output: stream.OutputOptions,
    messages: MqttOptions,
    frames: options.FramesOption = None,
    threads: options.ThreadsOption = 1,
    reading: options.SourceOptions,
    faces: options.FaceOptions,
    beside: ModalityOptions,
) -> None:
    """Track the faces of a source and classify their expressions, frame by frame.

    Without an output option it shows a table on a terminal and prints JSON Lines elsewhere. It
    stops at the end of the source, or within a second of Ctrl-C or SIGTERM; all output is then
    complete.
    """
    model, spec = arguments.model_and_source(source or (), model)
    opened = reading.open(spec)
    analyzer = stream.make_faces(model, faces, threads=threads)
    fusion = beside.open(model, spec, analyzer.labels, messages, threshold=faces.threshold)
    sinks = output.sinks(
        analyzer.labels, fps=lambda: reading.fps or opened.fps, modalities=beside.names
    )
    sinks += messages.sinks(analyzer.labels, beside.names)
    stream.analyze(opened, analyzer, sinks or [stream.stdout_sink], frames=frames, fusion=fusion)
