"""`fer-edge explain`: shows which parts of a face determine the model's answer."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from device.errors import InputError
from fer_edge.cli.shared import arguments, options
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    import numpy as np

    from device.model.classifier import Classifier
    from fer_edge.explanation.explain import Explanation, Parent

EXAMPLE = "Example: fer-edge explain zoo:base portrait.jpg --out explain.png"

SEARCH_SIZE = 640

_Row: TypeAlias = "tuple[np.ndarray[Any, np.dtype[np.uint8]], int | None, int | None]"
"""A face, its correct class and its row in the data set."""


def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="Model file (.tflite) or zoo:NAME (default zoo:base), then an image unless --grid "
            "is given.",
            metavar="[MODEL] [IMAGE]",
        ),
    ] = None,
    model: options.ModelOption = None,
    out: Annotated[
        Path, typer.Option(help="Image to draw; the maps are written next to it as .npz.")
    ] = Path("explain.png"),
    force: options.ForceOption = False,
    method: Annotated[
        str,
        typer.Option(
            help="Methods, separated by commas: grad-cam (needs the float parent), occlusion, "
            "rise; or all."
        ),
    ] = "all",
    label: Annotated[
        str | None,
        typer.Option("--class", help="Class to explain.", show_default="the predicted class"),
    ] = None,
    parent: Annotated[
        str | None,
        typer.Option(
            help="Float parent of the file, for grad-cam: zoo:NAME or the folder of a run.",
            show_default="known for zoo models and for files in export/ of a run",
        ),
    ] = None,
    grid: Annotated[
        Path | None,
        typer.Option(help="Data file (.npz) whose most confident mistakes are explained."),
    ] = None,
    split: Annotated[str, typer.Option(help="Split of --grid.")] = "val",
    count: Annotated[int, typer.Option(min=1, help="Number of faces in the grid.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="RNG seed of the RISE masks.")] = 0,
    detector: options.DetectorOption = options.DetectorName.auto,
    detector_model: options.DetectorModelOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
) -> None:
    """Show which pixels of a face determine the model's answer, by three methods side by side.

    Each map is scored by insertion (higher is better) and deletion (lower is better).
    """
    import numpy as np

    from device.image import file as image_file
    from device.model.classifier import Classifier
    from device.system.atomic_file import replacing
    from fer_edge import zoo
    from fer_edge.data.output import refuse_existing
    from fer_edge.explanation import picture
    from fer_edge.explanation.explain import explain as explain_face

    named, images = arguments.model_and_rest(words or [], model)
    if len(images) + (grid is not None) != 1:
        raise InputError("give one image, or --grid with a data file")
    arrays = out.with_suffix(".npz")
    for path in (out, arrays):
        refuse_existing(path, force=force)
    path = zoo.resolve(named)
    methods, chosen = _methods(method)
    classifier = Classifier(path)
    target = _target(label, classifier.labels)
    net = (
        _parent(parent, path, classifier.labels, required=chosen) if "grad-cam" in methods else None
    )
    if net is None:
        methods = tuple(one for one in methods if one != "grad-cam")
    if grid is not None:
        rows = list(_mistakes(classifier, grid, split, count))
    else:
        rows = [(_face(Path(images[0]), path, detector.value, detector_model), None, None)]
    found = []
    with _progress(len(rows) * len(methods), quiet=as_json) as step:
        for face, truth, row in rows:
            found.append(
                explain_face(
                    classifier, face, methods=methods, target=target, parent=net, seed=seed,
                    truth=truth, row=row, step=step,
                )
            )  # fmt: skip
    image_file.write(out, picture.draw(found, classifier.labels))
    with replacing(arrays) as partial, partial.open("wb") as stream:
        np.savez_compressed(stream, **_arrays(found, classifier.labels))
    figures = [_figures(one, classifier.labels) for one in found]
    if as_json:
        about = {"model": str(path), "picture": str(out), "arrays": str(arrays)}
        print_json(about | {"faces": figures})
    else:
        _show(figures)
        echo(out)
        echo(arrays)


def _methods(text: str) -> tuple[tuple[str, ...], bool]:
    """The methods, and whether Grad-CAM is the only one."""
    from fer_edge.explanation.explain import METHODS

    if text == "all":
        return METHODS, False
    wanted = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    unknown = [part for part in wanted if part not in METHODS]
    if unknown:
        raise InputError(f"--method {text}: {unknown[0]!r} is not one of {', '.join(METHODS)}, all")
    return wanted, wanted == ("grad-cam",)


def _target(label: str | None, labels: Sequence[str]) -> int | None:
    if label is None:
        return None
    if label not in labels:
        raise InputError(f"--class {label}: the model has {', '.join(labels)}")
    return list(labels).index(label)


def _face(image: Path, model: Path, detector: str, detector_model: Path | None) -> Any:
    """The largest face of an image, cropped for the model: uint8 [48, 48]."""
    from device.faces.align import FaceCropper
    from device.faces.detector import open_detector
    from device.image import file as image_file
    from device.image.color import color, gray
    from device.model import card

    picture = image_file.read(image)
    finder = open_detector(detector, model=detector_model, search_size=SEARCH_SIZE)
    pixels = gray(picture)
    faces = finder.find(color(picture) if finder.color else pixels)
    if not faces:
        raise InputError(f"{image}: no face found; use an image with a larger or upright face")
    crop = FaceCropper(margin=card.margin(model))
    return crop(pixels, faces[0].box, faces[0].roll).copy()


def _mistakes(classifier: "Classifier", data: Path, split: str, count: int) -> Iterator[_Row]:
    from benchmarks.metrics import accuracy
    from fer_edge.data import evaluation_faces
    from fer_edge.explanation.explain import confident_mistakes

    faces = evaluation_faces.load(data, split)
    labels = evaluation_faces.labels_of(faces, classifier.labels)
    if labels is None:
        raise InputError(
            f"{data} is labeled {', '.join(faces.label_names)} and the model predicts "
            f"{', '.join(classifier.labels)}: use data and a model with the same classes"
        )
    picked = confident_mistakes(accuracy.predict(classifier, faces.images), labels, count)
    if not len(picked):
        raise InputError(f"{data}: the model is right on every labeled face of {split}")
    for i in picked:
        yield faces.images[i], int(labels[i]), int(faces.rows[i])


def _parent(
    name: str | None, path: Path, labels: Sequence[str], *, required: bool
) -> "Parent | None":
    """The float parent of a file; None, with a notice, if it or TensorFlow is missing."""
    found = name or _known_parent(path)
    reason = None
    if found is None:
        reason = f"the float parent of {path} is not known; give --parent"
    else:
        try:
            return _load_parent(found, path, labels)
        except ModuleNotFoundError as error:
            reason = f"it needs TensorFlow ({error.name} is not installed)"
        except InputError:
            if name or required:
                raise
            reason = f"the float parent of {path} is not known; give --parent"
    if required:
        raise InputError(f"no Grad-CAM: {reason}")
    echo(f"Grad-CAM is skipped: {reason}", err=True)
    return None


def _known_parent(path: Path) -> str | None:
    from fer_edge import zoo

    folder = path.resolve().parent
    if folder.parent == zoo.HOME.resolve():
        return f"{zoo.PREFIX}{folder.name}"
    return str(folder.parent) if folder.name == "export" else None


def _load_parent(name: str, path: Path, labels: Sequence[str]) -> "Parent":
    from fer_edge.explanation.explain import Parent
    from fer_edge.pipeline import initial_weights
    from fer_edge.training.load_tensorflow import load_tensorflow

    load_tensorflow()
    initial = initial_weights.find(name)
    heads = [head for head, names in initial.labels.items() if names == tuple(labels)]
    if not heads:
        raise InputError(f"--parent {name} has no head with the labels of {path}")
    return Parent(initial.model({heads[0]: len(labels)}), initial.net.normalization)


def _progress(total: int, *, quiet: bool) -> Any:
    from contextlib import nullcontext

    from fer_edge.cli.shared.progress import steps

    return nullcontext(lambda _: None) if quiet else steps(total)


def _figures(one: "Explanation", labels: Sequence[str]) -> dict[str, Any]:
    known = {} if one.row is None else {"row": one.row}
    if one.truth is not None:
        known["label"] = labels[one.truth]  # type: ignore[assignment]
    return known | {
        "answer": labels[int(one.probabilities.argmax())],
        "class": labels[one.target],
        "probability": round(float(one.probabilities[one.target]), 6),
        "methods": {
            found.method: {
                "insertion": round(found.insertion, 6),
                "deletion": round(found.deletion, 6),
            }
            for found in one.maps
        },
    }


def _arrays(found: "Sequence[Explanation]", labels: Sequence[str]) -> dict[str, Any]:
    """Arrays of the `.npz`: the faces, and for each method its maps, [n, 48, 48]."""
    import numpy as np

    methods = [one.method for one in found[0].maps]
    return {
        "faces": np.stack([one.face for one in found]),
        "classes": np.array([labels[one.target] for one in found]),
        "probabilities": np.stack([one.probabilities for one in found]),
        "labels": np.array(labels),
    } | {
        method.replace("-", "_"): np.stack([one.maps[i].values for one in found])
        for i, method in enumerate(methods)
    }


def _show(figures: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from device.system.terminal import verbatim

    methods = list(figures[0]["methods"])
    columns = ["class", "probability", *(f"{m} ins./del." for m in methods)]
    labeled = "label" in figures[0]
    table = Table(*(["label", *columns] if labeled else columns), box=None)
    for one in figures:
        row = [one["label"]] if labeled else []
        row += [one["class"], f"{one['probability']:.1%}"]
        row += [
            f"{one['methods'][m]['insertion']:.2f} / {one['methods'][m]['deletion']:.2f}"
            for m in methods
        ]
        table.add_row(*map(verbatim, row))
    Console(highlight=False, soft_wrap=True).print(table)
