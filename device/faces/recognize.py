"""A picture in, the faces in it with their expressions out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.faces.align import Cropper
from device.faces.detector import Detector
from device.geometry import MARGIN, Box
from device.image.color import color, gray
from device.model.classifier import Classifier


@dataclass(frozen=True)
class Face:
    """A face and what the model says about it.

    Attributes:
        box: where it is, in pixels of the picture.
        probabilities: label to probability 0..1, in the order of the model's labels.
    """

    box: Box
    probabilities: dict[str, float]

    @property
    def label(self) -> str:
        """The most probable label; the first of several that are equally probable."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


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
        detector: finds the faces.
        margin: of the crop, as `crop_face` takes it.
        largest: classify the largest face alone.

    Returns:
        the faces, the largest first; empty where there is none.

    Raises:
        ValueError: the image has another shape or dtype.
    """
    pixels = gray(image)
    found = detector.find(color(image) if detector.color else pixels)
    crop = Cropper(margin=margin)
    faces = []
    for box, roll in found[:1] if largest else found:
        probabilities = classifier(crop(pixels, box, roll))
        named = zip(classifier.labels, probabilities.tolist(), strict=True)
        faces.append(Face(box, dict(named)))
    return faces
