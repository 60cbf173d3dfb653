"""From drawn faces to a measured int8 `.tflite` of landmarks with its card."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.faces.landmarks import LandmarkModel
from device.faces.yunet import YuNetDetector
from device.system.atomic_file import make_folder
from device.system.exclusive_folder import exclusive
from fer_edge.data import dataset
from fer_edge.data.synthetic.sample import VERSION
from fer_edge.modalities import card
from fer_edge.modalities.landmarks import evaluate, export, faces, real
from fer_edge.modalities.landmarks import train as training
from fer_edge.modalities.landmarks.augment import sample
from fer_edge.modalities.landmarks.faces import CROP, SIZE, DrawnFaces
from fer_edge.modalities.landmarks.recipe import LandmarkRecipe
from fer_edge.modalities.run_folder import check_same

MODEL = "landmarks_int8.tflite"
DRAWN = "drawn.npz"
"""Training faces in the run's folder."""

_CALIBRATION = 300  # training faces
_REAL_VAL = 1500  # most real faces that are measured on

Report = Callable[[str], None]


def run(
    recipe: LandmarkRecipe,
    out: Path,
    report: Report,
    *,
    data: Path | None = None,
    detector: Path | None = None,
) -> dict[str, Any]:
    """Draw, train, quantize and measure; a run that was interrupted continues.

    Args:
        recipe: the recipe.
        out: the run's folder; gets the drawn faces, the model and its card.
        report: takes lines on the progress.
        data: `.npz` of real faces: those of train are learned from by the five points that YuNet
            finds in them, those of val are compared with; None for drawn faces alone.
        detector: YuNet's `.onnx` file; None for the downloaded one.

    Returns:
        The card.

    Raises:
        InputError: the folder is of another recipe or data, or is in use; or YuNet's file is
            missing while `data` is given.
    """
    yunet = None if data is None else YuNetDetector(detector)
    with exclusive(out):
        digest = None if data is None else dataset.read_digest(data)
        check_same(out, recipe, digest=digest)
        make_folder(out / "train")
        report(f"drawing {recipe.data.faces + recipe.data.test:,} faces")
        drawn = faces.draw(recipe.data, recipe.seed, out / DRAWN, test=False)
        test = faces.draw(recipe.data, recipe.seed, out / "drawn-test.npz", test=True)
        learned = compared = None
        if data is not None and yunet is not None:
            limit = recipe.data.faces
            report(f"{data}: looking for the five points of up to {limit:,} faces")
            learned = real.find(data, "train", limit, yunet, out / "real.npz")
            compared = real.find(data, "val", _REAL_VAL, yunet, out / "real-val.npz")
        shape = drawn.frontal.mean(axis=0).astype(np.float64)
        epochs = recipe.train.epochs

        def epoch_done(epoch: int, loss: float) -> None:
            report(f"epoch {epoch}/{epochs}, mean error {100 * loss:.2f} % of the crop's side")

        model = training.train(recipe, drawn, learned, shape, out / "train", epoch_done)
        calibration = _calibration(recipe, drawn, learned)
        export.to_tflite(model, out / MODEL, shape=shape, calibration=calibration)
        report("measuring the file")
        finished = LandmarkModel(out / MODEL)
        metrics: dict[str, Any] = {
            "drawn": evaluate.on_drawn(finished, test),
            "drawn_disturbed": evaluate.on_drawn(finished, test, recipe.augment),
        }
        if compared is not None:
            metrics["real_val"] = evaluate.on_real(finished, compared)
        return card.write(
            out / MODEL,
            name=recipe.name,
            modality="landmarks",
            labels=(),
            model_input={
                "dtype": "int8",
                "shape": [1, finished.size, finished.size, 1],
                "values": "pixel - 128, framed as the classifier's crop",
            },
            recipe=recipe.model_dump(mode="json"),
            data=_about(recipe, drawn, None if learned is None else len(learned.images), digest),
            metrics=metrics,
            decision={},
        )


def _about(
    recipe: LandmarkRecipe, drawn: DrawnFaces, learned: int | None, digest: str | None
) -> dict[str, Any]:
    """What a card says of the data."""
    about: dict[str, Any] = {
        "name": f"{len(drawn.images):,} drawn faces",
        "synthetic": True,
        "note": "trained on generated data: its landmarks were never checked against people's",
        "generator_version": VERSION,
        "seed": recipe.seed,
        "digest": hashlib.sha256(drawn.images.tobytes() + drawn.points.tobytes()).hexdigest(),
    }
    if learned is not None:
        about["real"] = {
            "faces": learned,
            "digest": digest,
            "note": "photos without landmarks of their own: YuNet's five points stand for them",
        }
    return about


def _calibration(
    recipe: LandmarkRecipe, drawn: DrawnFaces, learned: real.RealFaces | None
) -> NDArray[np.uint8]:
    """Changed training faces for the ranges of activations."""
    random = np.random.default_rng(recipe.seed)
    size, found = recipe.net.size, []
    marks = (drawn.points - (SIZE - 1) / 2) / np.float32(CROP)
    for row in random.permutation(len(drawn.images))[:_CALIBRATION]:
        image = drawn.images[row]
        found.append(sample(image, marks[row], CROP, size, recipe.augment, random)[0])
    if learned is not None:
        for row in random.permutation(len(learned.images))[:_CALIBRATION]:
            image, five = learned.images[row], learned.points[row]
            found.append(sample(image, five, len(image), size, recipe.augment, random)[0])
    return np.stack(found)
