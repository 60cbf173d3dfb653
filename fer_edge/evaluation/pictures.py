"""Images of the HTML report: the worst images of a model, and the maps of its mistakes."""

import base64
from html import escape
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.data import evaluation_faces
from fer_edge.data.dataset import Dataset
from fer_edge.evaluation.corruptions import corrupt_one
from fer_edge.evaluation.types import ModelEvaluation


def worst_images(model: ModelEvaluation, faces: Dataset, seed: int) -> str:
    """HTML figures of the worst images: unchanged and corrupted, with label and prediction.

    Args:
        model: model with results of the suite `robustness`.
        faces: faces on which it was evaluated.
        seed: RNG seed of the corruptions.
    """
    labels = evaluation_faces.labels_of(faces, tuple(model.labels))
    if model.robustness is None or labels is None:
        return ""
    images = faces.images[labels >= 0]
    figures = []
    for one in model.robustness.worst:
        face = images[one.position]
        made = corrupt_one(face, one.corruption, one.severity, position=one.position, seed=seed)
        corruption = f"{one.corruption.replace('_', ' ')} {one.severity}"
        caption = f"{corruption}: {one.label} as {one.answer}, {one.confidence:.0%}"
        pair = np.concatenate([face, made], axis=1)
        figures.append(
            f'<figure><img width="192" height="96" alt="{escape(caption)}" src="{_data(pair)}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )
    return f'<div class="worst">{"".join(figures)}</div>'


def maps_file(model: ModelEvaluation, folder: Path) -> Path:
    """Path of the image of a model's explained mistakes."""
    return folder / f"explain-{model.sha256[:12]}.png"


def explained(model: ModelEvaluation, folder: Path) -> str:
    """The image of a model's explained mistakes as HTML; empty if there is none."""
    path = maps_file(model, folder)
    if model.explain is None or not path.exists():
        return ""
    picture = cv2.imread(str(path))
    if picture is None:
        return ""
    alt = f"{model.name}: maps of its most confident mistakes"
    return f'<img class="maps" alt="{escape(alt)}" src="{_data(np.asarray(picture, np.uint8))}">'


def _data(picture: NDArray[np.uint8]) -> str:
    content = cv2.imencode(".png", picture)[1].tobytes()
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"
