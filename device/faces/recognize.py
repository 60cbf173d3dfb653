"""Detection and classification of the faces in a single picture."""

import numpy as np
import numpy.typing as npt

from device.face import Face
from device.faces.align import FaceCropper
from device.faces.detector import Detector
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
) -> list[Face]:
    """Find the faces in a picture and classify each.

    Args:
        image: uint8 or uint16, [h, w] or [h, w, 1, 3 or 4]; colors blue, green, red.
        classifier: the model.
        detector: the face detector.
        margin: margin of the crop, as a fraction of the box, as `crop_face` takes it.
        largest: classify the largest face only.

    Returns:
        The faces, the largest first; empty if there is none. Of several labels that are equally
        probable, a face shows the first.

    Raises:
        ValueError: the image has another shape or dtype.
    """
    pixels = gray(image)
    found = detector.find(color(image) if detector.color else pixels)
    crop = FaceCropper(margin=margin)
    faces = found[:1] if largest else found
    for face in faces:
        face.labels = classifier.labels
        face.probabilities = classifier(crop(pixels, face.box, face.roll)).copy()
        best = int(face.probabilities.argmax())
        face.label, face.confidence = face.labels[best], float(face.probabilities[best])
    return faces
