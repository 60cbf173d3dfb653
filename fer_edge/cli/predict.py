"""`fer-edge predict`: the expressions of the faces in pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from device.errors import InputError
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.options import DetectorModelOption, DetectorName, DetectorOption

if TYPE_CHECKING:
    from device.face import Face

EXAMPLE = "Example: fer-edge predict portrait.jpg --out annotated.png"

BAR_WIDTH = 30
SEARCH_SIZE = 640
"""A picture is looked at once: faces are searched for more finely than in a camera's frames."""


def predict(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Model file (.tflite) or zoo:NAME, else zoo:base; then pictures.",
            metavar="[MODEL] IMAGE…",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Draw the result into this picture; a folder for several pictures."),
    ] = None,
    largest: Annotated[
        bool, typer.Option("--largest/--all", help="The largest face alone, or every face.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a picture, a line each.")
    ] = False,
    detector: DetectorOption = DetectorName.auto,
    detector_model: DetectorModelOption = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the interpreter.")] = 1,
) -> None:
    """Say which expression each face in a picture shows, with the whole distribution."""
    from device.faces.detector import open_detector
    from device.faces.recognize import recognize
    from device.image import draw
    from device.image import file as image_file
    from device.model import card
    from device.model.classifier import Classifier

    model, images = _model_and_images(files)
    drawings = _drawings(images, out)
    classifier = Classifier(model, threads=threads)
    margin = card.margin(model)
    finder = open_detector(detector.value, model=detector_model, search_size=SEARCH_SIZE)
    for path, drawing in zip(images, drawings, strict=True):
        picture = image_file.read(path)
        faces = recognize(picture, classifier, finder, margin=margin, largest=largest)
        if drawing is not None:
            image_file.write(drawing, draw.annotate(picture, faces))
        if as_json:
            print_json(_as_json(model, path, faces))
        else:
            _print_faces(path, faces, drawing)


def _model_and_images(files: Sequence[str]) -> tuple[Path, list[Path]]:
    """Tell the model, where one is named first, from the pictures."""
    from fer_edge import zoo

    named = files[0].startswith(zoo.PREFIX) or files[0].endswith(".tflite")
    images = [Path(file) for file in files[1 if named else 0 :]]
    if not images:
        raise InputError(f"no picture: give one or more after {files[0]}")
    return zoo.resolve(files[0] if named else None), images


def _drawings(images: Sequence[Path], out: Path | None) -> list[Path | None]:
    """Where each picture is drawn to; no picture is drawn over, nor two to one place."""
    if out is None:
        return [None] * len(images)
    as_folder = len(images) > 1 or out.is_dir()
    if as_folder and out.is_file():
        raise InputError(f"--out {out} is a file: for several pictures give a folder")
    drawings = [out / path.name if as_folder else out for path in images]
    if len(set(drawings)) < len(drawings):
        raise InputError(f"--out {out}: two of the pictures have the same name; draw one at a time")
    for drawing in drawings:
        if any(_same_file(drawing, path) for path in images):
            raise InputError(f"--out would overwrite the picture {drawing}: give another place")
    return list(drawings)


def _same_file(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _as_json(model: Path, image: Path, faces: Sequence["Face"]) -> dict[str, Any]:
    return {
        "model": str(model),
        "image": str(image),
        "faces": [
            {
                "box": face.box._asdict(),
                "label": face.label,
                "probabilities": {
                    label: round(value, 6) for label, value in face.distribution.items()
                },
            }
            for face in faces
        ],
    }


def _print_faces(image: Path, faces: Sequence["Face"], drawing: Path | None) -> None:
    from rich.console import Console

    from device.system.terminal import verbatim

    console = Console(highlight=False, soft_wrap=True)
    count = {0: "no face found", 1: "1 face"}.get(len(faces), f"{len(faces)} faces")
    console.print(f"{verbatim(image)}: {count}")
    for face in faces:
        x, y, w, h = face.box
        console.print(f"\n[bold]{verbatim(face.label)}[/] at x {x}, y {y}, {w} x {h} pixels")
        console.print(_table(face))
    if drawing is not None:
        console.print(f"drawn to {verbatim(drawing)}")


def _table(face: "Face") -> Any:
    from rich.bar import Bar
    from rich.table import Table

    from device.system.terminal import verbatim

    table = Table.grid(padding=(0, 1))
    for label, value in face.distribution.items():
        style = "green" if label == face.label else "default"
        bar = Bar(1, 0, min(1.0, value), width=BAR_WIDTH, color=style)
        table.add_row(verbatim(label), bar, f"{value:.1%}")
    table.columns[2].justify = "right"
    return table
