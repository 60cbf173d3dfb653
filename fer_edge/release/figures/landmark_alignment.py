"""Accuracy of a classifier with faces aligned by landmarks, for docs/landmarks.md.

Each face is classified as it is, framed by its landmarks as `run --align landmarks` frames it, and
warped to the frontal mean face; clean and under the geometric corruptions of `fer-edge eval`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from device.face import Face
from device.faces.align import FaceCropper
from device.faces.landmarks import LandmarkModel
from device.faces.locate import framed
from device.geometry import FACE_SIZE, Box
from device.model.classifier import Classifier
from fer_edge.evaluation.corruptions import corrupt
from quantization.verify.mcnemar import mcnemar

CLEAN = "clean"
GEOMETRIC = ("rotation", "shift", "box_scale", "yaw", "pitch")
SEVERITY = 3

Images = NDArray[np.uint8]

_WHOLE = Box(0, 0, FACE_SIZE, FACE_SIZE)


def by_frame(image: Images, model: LandmarkModel, crop: FaceCropper) -> Images:
    """Frame a crop again as `run --align landmarks` does."""
    fitted = model.pose(model(image))
    return image if fitted is None else crop(image, *framed(Face(_WHOLE), fitted))


def by_warp(image: Images, model: LandmarkModel, typical: NDArray[np.float32]) -> Images:
    """Warp a crop by the affine map from its landmarks to typical ones [68, 2]."""
    marks = model(image)
    if model.pose(marks) is None:
        return image
    ones = np.ones((len(marks), 1))
    matrix = np.linalg.lstsq(np.hstack([typical, ones]), marks, rcond=None)[0].T
    middle = (FACE_SIZE - 1) / 2
    matrix[:, 2] = middle + FACE_SIZE * matrix[:, 2] - matrix[:, :2] @ np.full(2, middle)
    return cv2.warpAffine(
        image,
        matrix,
        (FACE_SIZE, FACE_SIZE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def alignment(
    images: Images,
    labels: NDArray[np.integer],
    classifier: Classifier,
    model: LandmarkModel,
    typical: NDArray[np.float32],
) -> Iterator[dict[str, Any]]:
    """Yield the accuracy with and without alignment, one entry per corruption."""
    crop = FaceCropper(margin=0.0)
    for name in (CLEAN, *GEOMETRIC):
        shown = images if name == CLEAN else corrupt(images, name, SEVERITY)
        plain = _right(classifier, shown, labels)
        entry = {"corruption": name, "n": len(labels), "plain": float(plain.mean())}
        variants = {
            "framed": (by_frame(image, model, crop) for image in shown),
            "warped": (by_warp(image, model, typical) for image in shown),
        }
        for variant, changed in variants.items():
            right = _right(classifier, changed, labels)
            test = mcnemar(plain, right)
            entry |= {
                variant: float(right.mean()),
                f"{variant}_p_mid": test.p_mid,
                f"{variant}_gained": test.only_second,
                f"{variant}_lost": test.only_first,
            }
        yield entry


def _right(
    classifier: Classifier, images: Iterable[Images], labels: NDArray[np.integer]
) -> NDArray[np.bool_]:
    return np.asarray(accuracy.predict(classifier, images).argmax(axis=1) == labels)


def table(entries: list[dict[str, Any]]) -> str:
    """Format the figures of the alignment as a Markdown table."""
    lines = ["| corruption | as it is | framed | p | warped | p |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for one in entries:
        cells = [one["corruption"], f"{100 * one['plain']:.1f} %"]
        for variant in ("framed", "warped"):
            cells += [f"{100 * one[variant]:.1f} %", f"{one[f'{variant}_p_mid']:.2g}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
