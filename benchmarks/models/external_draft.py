"""Draft the description of an external model from the content of its file."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.models.external_spec import DTYPES
from device.errors import InputError
from device.labels import FER2013, HEADS
from device.model import graph
from device.model.content import read, read_labels
from device.model.file import ModelFile
from device.model.graph import Graph
from device.model.tensor import Tensor

_USUAL = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "suprise": "surprise",
    "natural": "neutral",
}
"""Labels of published models and their names in FER2013."""


def draft(path: Path) -> str:
    """Draft the TOML that `external_file.load` reads; values that the file lacks are marked CHECK.

    Args:
        path: `.tflite` file with one input of 1 or 3 channels and an output of 7 or 8 classes.

    Raises:
        InputError: the file is damaged, or is not such a model.
    """
    model = graph.load(path)
    if len(model.inputs) != 1:
        names = ", ".join(model.tensors[i].name for i in model.inputs)
        raise InputError(f"{path} has {len(model.inputs)} inputs ({names}): give a model with one")
    source = model.tensors[model.inputs[0]]
    number, sink = _output(model)
    lines = [
        f"# Preprocessing and outputs of {path.name}. Check the lines marked CHECK, then run",
        f"# fer-edge bench {path} --peer THIS_FILE",
        f"name = {_text(path.stem)}",
        f"model = {_text(path.name)}  # relative to this file",
        *_classes(path, sink.elements),
        *_input(source, path),
        f"softmax = {str(not _ends_in_softmax(model, sink)).lower()}"
        "  # whether the outputs are logits",
    ]
    if len(model.outputs) > 1:
        lines.append(f"output = {number}  # {sink.name} of {len(model.outputs)} outputs")
    return "\n".join(lines) + "\n"


def _output(model: Graph) -> tuple[int, Tensor]:
    """Find the first output that has as many elements as a label set has classes."""
    counts = {len(labels) for labels in HEADS.values()}
    outputs = [model.tensors[i] for i in model.outputs]
    for number, tensor in enumerate(outputs):
        if tensor.elements in counts:
            return number, tensor
    shapes = ", ".join(f"{one.name} {list(one.shape)}" for one in outputs)
    wanted = " or ".join(map(str, sorted(counts)))
    raise InputError(f"{model.path} has outputs {shapes}: none of {wanted} classes")


def _classes(path: Path, count: int) -> list[str]:
    head = next(name for name, labels in HEADS.items() if len(labels) == count)
    try:
        labels: Sequence[str] = read_labels(read(path), path)
        said = len(labels) == count
    except InputError:  # the file has no labels
        said = False
    if not said:
        labels = HEADS[head]
    lines = [f"head = {_text(head)}", f"labels = [{', '.join(map(_text, labels))}]"]
    if not said:
        lines[-1] += "  # CHECK the order: the file does not name its labels"
    words = _words(labels, head)
    if words is None:
        lines.append(f"# CHECK: name each of its words under [words], as one of {HEADS[head]}")
    elif words:
        pairs = ", ".join(f"{_text(word)} = {_text(ours)}" for word, ours in words.items())
        lines.append(f"words = {{ {pairs} }}")
    return lines


def _words(labels: Sequence[str], head: str) -> dict[str, str] | None:
    """Map labels to those of a head; None if one of them is not known."""
    known = {label: label for label in HEADS[head]}
    if HEADS[head] == FER2013:
        known = _USUAL | known
    if sorted(known.get(label.lower(), "") for label in labels) != sorted(HEADS[head]):
        return None
    return {label: known[label.lower()] for label in labels if label != known[label.lower()]}


def _input(source: Tensor, path: Path) -> list[str]:
    if source.dtype not in DTYPES:
        raise InputError(f"{path}: its input is {source.dtype}: {', '.join(DTYPES)} are known")
    if len(source.shape) != 4:
        raise InputError(f"{path} has input {list(source.shape)}: an image has four axes")
    _, first, middle, last = source.shape
    layout = "NCHW" if first in (1, 3) and last not in (1, 3) else "NHWC"
    height, width, channels = (middle, last, first) if layout == "NCHW" else (first, middle, last)
    if channels not in (1, 3):
        raise InputError(f"{path} has input {list(source.shape)}: give 1 or 3 channels")
    size = f"size = [{height}, {width}]"
    if height == width == 1:
        size = "size = [48, 48]  # CHECK: the file has a dynamic size"
    return [
        size,
        f"channels = {channels}",
        f"layout = {_text(layout)}",
        f"dtype = {_text(source.dtype)}",
        *_normalization(channels, path),
    ]


def _normalization(channels: int, path: Path) -> list[str]:
    found = ModelFile(path).normalization
    if found is None:
        return [
            "mean = 127.5  # CHECK: the input is (pixel - mean) / std, pixels being 0..255;",
            "std = 127.5   # often 127.5 and 127.5, 0 and 255, or 0 and 1",
        ]
    found = found.for_channels(channels, path)
    return [f"mean = {list(found.mean)}  # from the file's metadata", f"std = {list(found.std)}"]


def _ends_in_softmax(model: Graph, sink: Tensor) -> bool:
    """Whether the output comes from a softmax, except for a change of type or shape."""
    tensor = sink.index
    for operator in reversed(model.operators):
        if tensor in operator.outputs:
            if operator.name in ("SOFTMAX", "LOGISTIC"):
                return operator.name == "SOFTMAX"
            if operator.name not in ("DEQUANTIZE", "QUANTIZE", "RESHAPE", "SQUEEZE"):
                return False
            tensor = operator.inputs[0]
    return False


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
