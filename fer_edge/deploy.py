"""Rewrites a model file for a phone, MediaPipe or a microcontroller."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from device.errors import InputError
from device.model.card import card_path
from device.model.classifier import Classifier
from device.model.file import ModelFile
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.data.output import refuse_existing
from fer_edge.reweighting import NO_REWEIGHTING, Reweighting, fold

if TYPE_CHECKING:
    from quantization.export.tflite_micro import MicroResult
    from quantization.tflite.io_types import IO, Color

Format = Literal["tflite", "c"]

NOT_MEASURED = "not measured, tflite-micro is not installed"
_FACES_PER_CLASS = 3
_SEED = 0


@dataclass(frozen=True)
class Deployed:
    """The files that an export wrote.

    Attributes:
        source: model file that was exported.
        files: the `.tflite`, or the `.h` and `.cc`.
        card: model card next to them.
        bytes: size of the model.
        io: dtype of input and output.
        color: color format of the input.
        micro: result in TFLite Micro; None if it was not run there.
    """

    source: Path
    files: tuple[Path, ...]
    card: Path
    bytes: int
    io: str
    color: str
    micro: "MicroResult | None"


def find(source: str, head: str | None, precision: str | None) -> Path:
    """Find the model file to export.

    Args:
        source: `zoo:NAME`, a finished run's folder, a folder of model files, or a model file.
        head: head to choose from a folder or the zoo, "fer2013" if None.
        precision: precision to choose from a folder or the zoo, "int8" if None.

    Raises:
        InputError: no such file, or `source` is a file and a head or precision is given as well.
    """
    folder = Path(source)
    is_whole = source.startswith(zoo.PREFIX) and "/" not in source
    if not is_whole and not folder.is_dir():
        if head or precision:
            raise InputError(
                f"{source} is one head in one precision already: omit --head and --precision, "
                "or give the run's folder or zoo:NAME"
            )
        return zoo.resolve(source)
    stem = f"{head or 'fer2013'}_{precision or 'int8'}"
    if is_whole:
        return zoo.resolve(f"{source}/{stem}")
    if (folder / "export").is_dir():
        folder /= "export"
    found = {file.stem: file for file in folder.iterdir() if file.suffix.lower() == ".tflite"}
    own = f"own_{precision or 'int8'}"
    if head in (None, "fer2013") and stem not in found and own in found:
        stem = own
    if stem not in found:
        known = ", ".join(sorted(file.name for file in found.values())) or "no .tflite"
        raise InputError(f"{folder} has no {stem}.tflite: it holds {known}")
    return found[stem]


def deploy(
    source: Path,
    out: Path | None,
    *,
    io: "IO",
    color: "Color",
    form: Format = "tflite",
    python: Path | None = None,
    force: bool = False,
    change: Reweighting = NO_REWEIGHTING,
) -> Deployed:
    """Write a model file with another input and output, or as a C array, with its card.

    Args:
        source: model file.
        out: file to write, or a folder in which the name is chosen; the working folder if None. For
            a C array the suffix is replaced by `.h` and `.cc`.
        io: dtype of input and output.
        color: color format of the input.
        form: "tflite" or "c".
        python: Python interpreter of an environment with `tflite-micro`, to measure the arena of a
            C array; this interpreter if None and it has the package.
        force: whether to replace existing files.
        change: change of the predictions to fold into the graph.

    Raises:
        InputError: the source is not a fer-edge model, a file would be overwritten, or the card
            belongs to another file.
        CheckFailedError: TFLite Micro cannot run the model or its predictions differ from LiteRT's.
    """
    from quantization.export import io as io_adapter
    from quantization.tflite import card, metadata

    path = _target(source, out, f"{color}_{io}", form)
    for target in (path, *([path.with_suffix(".h")] if form == "c" else []), card_path(path)):
        refuse_existing(target, force=force)
    file = ModelFile(source)
    model = io_adapter.load(file)
    classifier = Classifier(file)  # refuses models that are not fer-edge's
    labels = classifier.labels
    changed = fold(model, source, change)
    outside = io_adapter.adapt_io(
        model, io=io, color=color, outside=_normalization(classifier, file)
    )
    content = metadata.attach(
        model,
        name=path.stem,
        description=metadata.description(model) or "Expression of a face",
        labels=labels,
        mean=outside.mean,
        std=outside.std,
        color=color,
    )
    found = None
    files: tuple[Path, ...] = (path,)
    if form == "c":
        found = _micro(content, path, io, color, python)
        files = _write_c(content, path, labels, found)
    else:
        with replacing(path) as partial:
            partial.write_bytes(content)
    measured = {"runtime": found.runtime, "arena_bytes": found.arena_bytes} if found else None
    beside = card.derive(
        path,
        content,
        source,
        labels=labels,
        io=io,
        color=color,
        normalization=outside,
        more={**({"tflite_micro": measured} if measured else {}), **changed},
    )
    return Deployed(source, files, beside, len(content), io, color, found)


def _normalization(model: Classifier, file: ModelFile) -> tuple[float, float]:
    """Mean and std that a float file's metadata states; 0 and 1 if the input is the pixel value."""
    found = file.normalization
    if model.precision == "int8":
        if not model.takes_pixels:
            raise InputError(
                f"{model.path}: its int8 input is not pixel - 128: export only supports files "
                "whose input was calibrated on all pixels 0..255"
            )
    elif found is not None:
        found = found.for_channels(1, model.path)
        return found.mean[0], found.std[0]
    return 0.0, 1.0


def _target(source: Path, out: Path | None, what: str, form: Format) -> Path:
    """Path of the `.tflite` or `.cc`."""
    ending = ".tflite" if form == "tflite" else ".cc"
    endings = (".tflite",) if form == "tflite" else (".cc", ".h")
    if out is None or out.is_dir() or not out.suffix:
        path = (out or Path()) / f"{source.stem}_{what}{ending}"
    elif out.suffix.lower() in endings:
        path = out if form == "tflite" else out.with_suffix(ending)
    else:
        raise InputError(f"--out {out}: give a folder, or a name that ends in {endings[0]}")
    if source.with_suffix("").absolute() == path.with_suffix("").absolute():
        raise InputError(f"--out {path} would replace {source} or its card: give another name")
    return path


def _micro(
    content: bytes, path: Path, io: "IO", color: "Color", python: Path | None
) -> "MicroResult | None":
    from fer_edge.data import synthetic
    from quantization.export import tflite_micro

    python = tflite_micro.find_python(python)
    if python is None:
        return None
    faces = synthetic.generate(_FACES_PER_CLASS, seed=_SEED).images
    return tflite_micro.check(content, path, faces, io=io, color=color, python=python)


def _write_c(
    content: bytes, path: Path, labels: tuple[str, ...], found: "MicroResult | None"
) -> tuple[Path, Path]:
    from quantization.export import c_array

    header, name = path.with_suffix(".h"), c_array.identifier(path.stem)
    texts = {
        header: c_array.declarations(
            name,
            content,
            path,
            labels=labels,
            sha256=hashlib.sha256(content).hexdigest(),
            arena=found.arena_bytes if found else NOT_MEASURED,
        ),
        path: c_array.source(name, header.name, content),
    }
    for file, text in texts.items():
        with replacing(file) as partial:
            partial.write_text(text, encoding="utf-8")
    return header, path
