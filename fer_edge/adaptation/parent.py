"""Finds the float model behind an int8 file, which is what adaptation changes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.errors import InputError
from device.model import card as device_card
from device.model.classifier import Classifier
from fer_edge import deploy, zoo
from fer_edge.adaptation.adapt import Calibration
from fer_edge.pipeline import initial_weights
from quantization.tflite import card


@dataclass(frozen=True)
class Parent:
    """A model that can be adapted.

    Attributes:
        name: `zoo:NAME`, or the run folder.
        file: int8 file of the model, the baseline of the adapted file.
        head: head of that file.
        labels: labels of the head.
        weights: file with the float weights.
        normalization: pixel mean and standard deviation of the model.
    """

    name: str
    file: Path
    head: str
    labels: tuple[str, ...]
    weights: Path
    normalization: tuple[float, float]

    def model(self) -> Any:
        """Return the float model with only that head."""
        return initial_weights.find(self.name).model({self.head: len(self.labels)})


def find(source: str, head: str | None = None) -> Parent:
    """Find the float model of a source.

    Args:
        source: `zoo:NAME`, `zoo:NAME/FILE`, the folder of a finished run, or a `.tflite` of either.
        head: head of a run or of `zoo:NAME`; defaults to the head with FER2013's labels.

    Raises:
        InputError: the source does not exist, or its float model is unknown.
    """
    file = deploy.find(source, head, None)
    labels = Classifier(file).labels
    name = source_of(file)
    if name is None:
        raise InputError(
            f"{source}: its float weights are not available, and a .tflite file cannot be "
            "adapted without them: use zoo:NAME, or the run folder that exported it"
        )
    initial = initial_weights.find(name)
    heads = [known for known, names in initial.labels.items() if names == labels]
    if not heads:
        raise InputError(f"{name} has no head with the labels of {source}")
    return Parent(name, file, heads[0], labels, initial.path, initial.net.normalization)


def calibration(parent: Parent) -> Calibration | None:
    """Read temperature and training prior from the card of the int8 file.

    Returns:
        The calibration; None if the card has no temperature.

    Raises:
        InputError: the card is damaged.
    """
    decision = card.read(parent.file).get("decision", {})
    if "fusion" not in decision:
        return None
    _, temperature = device_card.fusion(parent.file)
    return Calibration(temperature, device_card.prior(parent.file, parent.labels))


def source_of(file: Path) -> str | None:
    """Return the source of a `.tflite`: `zoo:NAME` or a run folder; None if unknown.

    Files of the zoo, copies of them, and files in the folder `export` of a run are recognized.

    Raises:
        InputError: the file cannot be read.
    """
    folder = file.resolve().parent
    if folder.name == "export" and list(folder.glob("*.card.json")):
        return str(folder.parent)
    try:
        digest = card.sha256(file)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
    for model in zoo.list_models():
        if any(path.stat().st_size == file.stat().st_size and card.sha256(path) == digest
               for path in model.files):  # fmt: skip
            return f"{zoo.PREFIX}{model.name}"
    return None
