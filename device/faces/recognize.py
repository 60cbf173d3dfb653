"""Detection and classification of the faces in a single image."""

import numpy as np
import numpy.typing as npt

from device.face import Face
from device.faces.align import FaceCropper
from device.faces.detector import Detector
from device.faces.locate import Locator
from device.geometry import MARGIN
from device.image.color import color, gray
from device.model.classifier import Classifier


def recognize(
    image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
    classifier: Classifier,
    detector: Detector,
    *,
    margin: float = MARGIN,
    largest: bool = False,
    locator: Locator | None = None,
) -> list[Face]:
    """Find the faces in an image and classify each.

    Args:
        image: uint8 or uint16, [h, w] or [h, w, 1, 3 or 4]; colors BGR.
        classifier: classifier of the faces.
        detector: face detector.
        margin: margin of the crop, as a fraction of the box; see `crop_face`.
        largest: whether to classify only the largest face.
        locator: locator of landmarks, which give each face its pose; None without them.

    Returns:
        The faces, the largest first; empty if there is none. If several labels are equally
        probable, the first one is the label.

    Raises:
        ValueError: the image has another shape or dtype.
    """
    pixels = gray(image)
    found = detector.find(color(image) if detector.color else pixels)
    crop = FaceCropper(margin=margin)
    faces = found[:1] if largest else found
    for face in faces:
        face.labels = classifier.labels
        box, roll = face.box, face.roll
        if locator is not None:
            box, roll = locator(pixels, face)
        face.probabilities = classifier(crop(pixels, box, roll)).copy()
        best = int(face.probabilities.argmax())
        face.label, face.confidence = face.labels[best], float(face.probabilities[best])
        if classifier.parts:
            face.occluded = classifier.parts[int(classifier.hidden().argmax())]
    return faces
