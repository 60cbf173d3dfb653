r"""Measures what the occlusion head finds and what its gate gains, for docs/occlusion.md.

    fer-edge bench RUN/export/fer2013_int8.tflite --no-timing \
        --count cortex-a53,cortex-a72,cortex-a76 --out runs/counts
    python -m fer_edge.release.figures.occlusion --data fer2013.npz --gated RUN --control RUN \
        --counts runs/counts/results.json

All on val but the entry `test`. Compared are the int8 files of two runs of the recipe `occlusion`,
the second one with `--set model.occlusion=false`, and the shipped file that both started from.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from benchmarks.results import file as results_file
from benchmarks.stats.proportion import wilson
from device.errors import InputError
from device.labels import FACE_PARTS
from device.model.classifier import Classifier
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.data import dataset, occlusion
from fer_edge.evaluation import corruptions
from fer_edge.release.command import one_line
from fer_edge.training.load_tensorflow import load_tensorflow
from quantization.tflite import card
from quantization.verify.mcnemar import mcnemar

SHAPES = {"dark_glasses": "upper", "face_mask": "lower", "hand": "", "hair": "upper"}
"""Occlusions of the robustness suite and the part they hide; a hand comes from either side."""

SEED = 7
Images = NDArray[np.uint8]


def drawn(images: Images) -> tuple[Images, NDArray[np.int64]]:
    """Cover half of the faces as in training, with other random numbers.

    Returns:
        The images, uint8 [n, 48, 48], and the hidden parts, int64 [n].
    """
    load_tensorflow()
    import tensorflow as tf

    shape = (len(images), occlusion.DRAWS)
    draws = np.random.default_rng(SEED).random(shape).astype(np.float32)
    pixels = tf.constant(images[..., None].astype(np.float32))
    covered = occlusion.cover(pixels, 0.5, draws).numpy()[..., 0]
    parts = occlusion.hidden_part(0.5, draws, tf.zeros([len(images)], tf.bool)).numpy()
    return np.rint(covered).astype(np.uint8), parts.astype(np.int64)


def found_parts(classifier: Classifier, images: Images) -> NDArray[np.int64]:
    """The hidden part that a model finds in each image, int64 [n]."""
    answers = []
    for image in images:
        classifier(image)
        answers.append(int(classifier.hidden().argmax()))
    return np.array(answers)


def scores(right: NDArray[np.int64], found: NDArray[np.int64]) -> dict[str, Any]:
    """Precision and recall of each part, and the confusion matrix with a row per true part."""
    matrix = np.zeros((len(FACE_PARTS), len(FACE_PARTS)), np.int64)
    np.add.at(matrix, (right, found), 1)
    parts = {
        part: {
            "n": int(matrix[i].sum()),
            "precision": float(matrix[i, i] / max(1, matrix[:, i].sum())),
            "recall": float(matrix[i, i] / max(1, matrix[i].sum())),
        }
        for i, part in enumerate(FACE_PARTS)
    }
    return {"accuracy": float((right == found).mean()), "parts": parts, "matrix": matrix.tolist()}


def recall_on(classifier: Classifier, images: Images) -> dict[str, list[float]]:
    """Share of faces on which the head names the part that each corruption hides, by severity."""
    found: dict[str, list[float]] = {}
    for name, part in SHAPES.items():
        wanted = [FACE_PARTS.index(part)] if part else [3, 4]
        covered = [corruptions.corrupt(images, name, s) for s in corruptions.SEVERITIES]
        found[name] = [
            float(np.isin(found_parts(classifier, each), wanted).mean()) for each in covered
        ]
    return found


def expressions(
    files: dict[str, Path], images: Images, labels: NDArray[np.integer]
) -> dict[str, Any]:
    """Top-1 of each model, clean and covered, and paired tests of the gated one with the others."""
    right: dict[str, dict[str, NDArray[np.bool_]]] = {name: {} for name in files}
    for name, path in files.items():
        classifier = Classifier(path)
        right[name]["clean"] = accuracy.predict(classifier, images).argmax(axis=1) == labels
        for kind in (*SHAPES, "random_patch"):
            each = [corruptions.corrupt(images, kind, s) for s in corruptions.SEVERITIES]
            answers = [accuracy.predict(classifier, one).argmax(axis=1) == labels for one in each]
            right[name][kind] = np.concatenate(answers)
    models = {
        name: {kind: float(r.mean()) for kind, r in kinds.items()}
        | {"clean_ci95": wilson(int(kinds["clean"].sum()), len(images))}
        for name, kinds in right.items()
    }
    tests = {}
    for name in files:
        if name == "gated":
            continue
        tests[name] = {
            kind: _difference(right["gated"][kind], right[name][kind], len(images))
            for kind in right[name]
        }
    return {"top1": models, "gated_minus": tests}


def _difference(first: NDArray[np.bool_], second: NDArray[np.bool_], faces: int) -> dict[str, Any]:
    """Mean difference with an interval over faces, and for one image a face McNemar's test."""
    by_face = (first.astype(float) - second).reshape(-1, faces).mean(axis=0)
    spread = 1.96 * float(by_face.std(ddof=1)) / np.sqrt(faces)
    mean = float(by_face.mean())
    found: dict[str, Any] = {"mean": mean, "ci95": [mean - spread, mean + spread]}
    if len(first) == faces:
        found["mcnemar_p"] = mcnemar(first, second).p_mid
    return found


def on_test(classifier: Classifier, data: Path) -> dict[str, Any]:
    """Top-1 with interval and macro-F1 of the finished file on the test split."""
    faces = dataset.load(data, ["test"]).only("test")
    found = accuracy.metrics(
        accuracy.predict(classifier, faces.images), faces.labels, classifier.labels
    )
    return {k: found[k] for k in ("n", "top1", "top1_ci95", "macro_f1")}


def counted(results: Path, file: Path) -> list[dict[str, Any]]:
    """The counted instructions of a file in the results of a benchmark.

    Raises:
        InputError: the benchmark is of another file.
    """
    digest = card.sha256(file)
    for model in results_file.load(results)["models"]:
        if model["sha256"] == digest:
            return [{k: one[k] for k in ("core", "instructions")} for one in model["counts"]]
    raise InputError(f"{results} is not of {file}: give that of its `bench --count`")


def main(
    data: Annotated[Path, typer.Option(help="FER2013, prepared.")],
    gated: Annotated[Path, typer.Option(help="Folder of the run with the head and its gate.")],
    counts: Annotated[Path, typer.Option(help="results.json of `bench --count` of its file.")],
    control: Annotated[
        Path | None, typer.Option(help="Folder of the same run without them, if there is one.")
    ] = None,
    start: Annotated[str, typer.Option(help="Model that both started from.")] = "zoo:nano",
    out: Annotated[Path, typer.Option(help="JSON file of the figures.")] = Path(
        "docs/figures/occlusion.json"
    ),
) -> None:
    """Measure the int8 files with FER2013's labels."""
    with one_line("occlusion"):
        faces = dataset.load(data, ["val"]).only("val")
        files = {
            "gated": gated / "export" / "fer2013_int8.tflite",
            "start": zoo.resolve(start),
        }
        if control:
            files["control"] = control / "export" / "fer2013_int8.tflite"
        covered, parts = drawn(faces.images)
        head = Classifier(files["gated"])
        content = {
            "data": {"split": "val", "n": len(faces), "digest": faces.digest},
            "start": start,
            "head": {
                "drawn": scores(parts, found_parts(head, covered)),
                "robustness_suite_recall": recall_on(head, faces.images),
            },
            **expressions(files, faces.images, faces.labels),
            "test": on_test(head, data),
            "bytes": files["gated"].stat().st_size,
            "counts": counted(counts, files["gated"]),
        }
    with replacing(out) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
