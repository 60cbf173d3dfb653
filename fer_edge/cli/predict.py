"""`fer-edge predict`: classifies the facial expressions in images."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from device.errors import ExitCode, InputError
from fer_edge.cli.shared import arguments, batch, options
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.landmarks import open_locator
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from device.face import Face

EXAMPLE = "Example: fer-edge predict portrait.jpg --out annotated.png"

BAR_WIDTH = 30
SEARCH_SIZE = 640
"""Longest side for the search, in pixels; finer than for camera frames, as each image is searched
only once."""


def predict(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Model file (.tflite) or zoo:NAME (default zoo:base), then images or folders of "
            "images.",
            metavar="[MODEL] IMAGE…",
        ),
    ],
    model: options.ModelOption = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Draw the result to this image; for several images, a folder."),
    ] = None,
    force: options.ForceOption = False,
    largest: Annotated[
        bool, typer.Option("--largest/--all", help="Classify only the largest face, or every face.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per image, one per line.")
    ] = False,
    detector: options.DetectorOption = options.DetectorName.auto,
    detector_model: options.DetectorModelOption = None,
    threads: options.ThreadsOption = 1,
    prior: options.PriorOption = "none",
    prior_exponent: options.PriorExponentOption = 1.0,
    landmarks: options.LandmarksOption = None,
    align: options.AlignOption = options.Alignment.eyes,
    batch_mode: batch.BatchOption = False,
    workers: batch.WorkersOption = None,
    scheduler: batch.SchedulerOption = None,
    frames: batch.FramesOption = 1,
    per_part: batch.PerPartOption = 1000,
) -> None:
    """Classify the expression of each face in an image and print the probabilities.

    Images that cannot be read are reported on stderr and skipped; the exit code is then 2.
    """
    from device.faces.detector import open_detector
    from device.faces.recognize import recognize
    from device.image import draw
    from device.image import file as image_file
    from device.model import card
    from device.model import prior as priors
    from device.model.classifier import Classifier
    from fer_edge import zoo

    named, words = arguments.model_and_rest(files, model)
    if batch_mode:
        if landmarks is not None or align is not options.Alignment.eyes:
            raise InputError("--batch takes no --landmarks and no --align: leave them out")
        path = zoo.resolve(named)
        batch.label_archive(
            words,
            path,
            out,
            detector=detector.value,
            detector_model=detector_model,
            largest=largest,
            weights=priors.weights(prior, prior_exponent, path),
            workers=workers,
            scheduler=scheduler,
            frames=frames,
            per_part=per_part,
            as_json=as_json,
        )
        return
    images = _images(words)
    drawings = _drawings(images, out, is_folder=any(Path(word).is_dir() for word in words))
    _refuse_overwriting(drawings, images, force=force)
    path = zoo.resolve(named)
    weights = priors.weights(prior, prior_exponent, path)
    classifier = Classifier(path, threads=threads, weights=weights)
    margin = card.margin(path)
    finder = open_detector(detector.value, model=detector_model, search_size=SEARCH_SIZE)
    locator = open_locator(landmarks, align, threads=threads)
    failed = False
    for image, drawing in zip(images, drawings, strict=True):
        try:
            picture = image_file.read(image)
            faces = recognize(
                picture, classifier, finder, margin=margin, largest=largest, locator=locator
            )
            if drawing is not None:
                image_file.write(drawing, draw.annotate(picture, faces))
        except InputError as error:
            if len(images) == 1:
                raise
            echo(f"fer-edge: {error}", err=True)
            failed = True
            continue
        if as_json:
            print_json(_as_json(path, image, faces))
        else:
            _print_faces(image, faces, drawing)
    if failed:
        raise typer.Exit(ExitCode.WRONG_INPUT)


def _images(words: Sequence[str]) -> list[Path]:
    """The given images, and those in the given folders."""
    from device.sources.image_files import list_pictures
    from device.system.redact import redact_url

    images = []
    for word in words:
        if "://" in word:
            raise InputError(
                f"{redact_url(word)} is an address: download the image first, or pass the address "
                "of a stream to `fer-edge run`"
            )
        path = Path(word)
        images += list_pictures(path) if path.is_dir() else [path]
    if not images:
        raise InputError("no image: give one or more images, or a folder, after the model")
    return images


def _drawings(images: Sequence[Path], out: Path | None, *, is_folder: bool) -> list[Path | None]:
    """Output path for each image; all are different."""
    if out is None:
        return [None] * len(images)
    into_folder = is_folder or len(images) > 1 or out.is_dir()
    if into_folder and out.is_file():
        raise InputError(f"--out {out} is a file: for several images give a folder")
    drawings = [out / path.name if into_folder else out for path in images]
    if len(set(drawings)) < len(drawings):
        raise InputError(f"--out {out}: two of the images have the same name; draw one at a time")
    return list(drawings)


def _refuse_overwriting(
    drawings: Sequence[Path | None], images: Sequence[Path], *, force: bool
) -> None:
    """Refuse to overwrite an input image, or any other file without --force."""
    from fer_edge.data.output import refuse_existing

    for drawing in filter(None, drawings):
        if any(_same_file(drawing, path) for path in images):
            raise InputError(f"--out would overwrite the image {drawing}: give another path")
        refuse_existing(drawing, force=force)


def _same_file(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _as_json(model: Path, image: Path, faces: Sequence["Face"]) -> dict[str, Any]:
    from device.sinks.placed_json import placed_json

    return {
        "model": str(model),
        "image": str(image),
        "faces": [
            {
                "box": face.box._asdict(),
                "label": face.label,
                **({"occluded": face.occluded} if face.occluded else {}),
                "probabilities": {
                    label: round(value, 6) for label, value in face.distribution.items()
                },
                **placed_json(face),
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
        hidden = verbatim(f", {face.hidden_text}" if face.hidden_text else "")
        console.print(
            f"\n[bold]{verbatim(face.label)}[/] at x {x}, y {y}, {w} x {h} pixels{hidden}"
        )
        if face.pose is not None:
            yaw, pitch, roll = face.pose
            console.print(f"yaw {yaw:+.0f}, pitch {pitch:+.0f}, roll {roll:+.0f} degrees")
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
