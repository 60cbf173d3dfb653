"""Errors of a finished file: on drawn faces by yaw, of the pose, and against a detector."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.faces import points
from device.faces.landmarks import LandmarkModel
from fer_edge.modalities.landmarks.augment import NONE, sample
from fer_edge.modalities.landmarks.faces import CROP, SIZE, DrawnFaces
from fer_edge.modalities.landmarks.real import RealFaces
from fer_edge.modalities.landmarks.recipe import Augment

BANDS = (0, 15, 30, 45, 60)
"""Limits of the bands of yaw in degrees, to either side."""
FAR = 0.1
"""Normalized mean error from which a face counts as failed."""
_OUTER = (36, 45)  # outer corners of the eyes
FIVE = ("left eye", "right eye", "nose", "left corner", "right corner")


def on_drawn(model: LandmarkModel, drawn: DrawnFaces, augment: Augment = NONE) -> dict[str, Any]:
    """Measure on drawn faces.

    Args:
        model: the finished file.
        drawn: faces of persons that it never saw.
        augment: errors of the detector and changes of the picture; none by default.

    Returns:
        The normalized mean error in percent: mean distance of the points, over the distance of the
        outer corners of the eyes of the frontal head (the visible distance shrinks with the yaw);
        by band of yaw; the share of faces above `FAR`; and the mean absolute error of yaw, pitch
        and roll in degrees.
    """
    random = np.random.default_rng(0)
    marks = (drawn.points - (SIZE - 1) / 2) / np.float32(CROP)
    between = np.linalg.norm(drawn.frontal[:, _OUTER[0]] - drawn.frontal[:, _OUTER[1]], axis=1)
    errors, turned = np.empty(len(marks)), np.full((len(marks), 3), np.nan)
    for row, image in enumerate(drawn.images):
        face, truth = sample(image, marks[row], CROP, model.size, augment, random)
        found = model(face)
        errors[row] = np.linalg.norm(found - truth, axis=1).mean() / between[row]
        fitted = model.pose(found)
        if fitted is not None and augment is NONE:
            angles = np.array((fitted.yaw, fitted.pitch, fitted.roll))
            turned[row] = np.abs((angles - drawn.angles[row] + 180) % 360 - 180)
    yaw = np.abs(drawn.angles[:, 0])
    bands = {}
    for low, high in pairwise(BANDS):
        within = (yaw >= low) & ((yaw < high) | (high == BANDS[-1]))
        bands[f"{low}-{high}"] = _summary(errors[within], turned[within])
    return {**_summary(errors, turned), "by_yaw": bands}


def _summary(errors: NDArray[np.float64], turned: NDArray[np.float64]) -> dict[str, Any]:
    if not len(errors):
        return {"n": 0}
    found: dict[str, Any] = {
        "n": len(errors),
        "nme": round(100 * float(errors.mean()), 3),
        "nme_ci95": _interval(100 * errors),
        "failed": float((errors > FAR).mean()),
    }
    if np.isfinite(turned).any():
        names = ("yaw", "pitch", "roll")
        means = np.nanmean(turned, axis=0).tolist()
        found["pose_error"] = {n: round(m, 2) for n, m in zip(names, means, strict=True)}
    return found


def on_real(model: LandmarkModel, real: RealFaces) -> dict[str, Any]:
    """Compare with a detector's five points on real faces.

    Returns:
        Mean and median distance in percent of the distance of the eyes, all and by point; and the
        same of the mean face alone, which knows nothing of the picture.
    """
    found = points.five(np.stack([model(face) for face in real.images]))
    mean = np.broadcast_to(points.five(model.shape[:, :2]), found.shape)
    return {
        "n": len(real.images),
        "searched": real.asked,
        **_agreement(found, real.points),
        "mean_face": _agreement(mean, real.points),
    }


def _agreement(found: NDArray[np.floating], truth: NDArray[np.float32]) -> dict[str, Any]:
    between = np.linalg.norm(truth[:, 0] - truth[:, 1], axis=1)
    apart = 100 * np.linalg.norm(found - truth, axis=2) / between[:, None]
    each = apart.mean(axis=1)
    return {
        "error": round(float(each.mean()), 2),
        "error_ci95": _interval(each),
        "median": round(float(np.median(each)), 2),
        "by_point": {name: round(float(apart[:, at].mean()), 2) for at, name in enumerate(FIVE)},
    }


def _interval(values: NDArray[np.float64]) -> list[float]:
    """The 95 % interval of the mean, by its standard error."""
    half = 1.96 * float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    mean = float(values.mean())
    return [round(mean - half, 3), round(mean + half, 3)]
