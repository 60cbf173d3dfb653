"""A face, from detection and tracking to classification, output and drawing."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from device.geometry import Box
from device.labels import FACE_PARTS


class HeadPose(NamedTuple):
    """Rotation of a head in degrees.

    Attributes:
        yaw: positive if the nose is turned to the right in the image.
        pitch: positive if the nose is turned down.
        roll: positive if the head is tilted clockwise.
    """

    yaw: float
    pitch: float
    roll: float


@dataclass(slots=True, eq=False)
class Face:
    """One face in an image; each processing step sets its fields.

    Attributes:
        box: square or rectangle framed as in the training images, independent of the detector, in
            pixels; may extend beyond the image. Set by the detector.
        roll: clockwise rotation of the eye line in radians; 0 if the detector does not locate the
            eyes. Set by the detector.
        track: number that stays the same while the face is tracked, from 1; 0 in a single image.
            Set by the tracker.
        labels: names of the entries of `probabilities`. Set by the classification.
        probabilities: float32 [labels], 0..1; in a tracked face smoothed over time, and a view that
            the next frame overwrites: copy it to keep it.
        label: predicted expression, "uncertain" below the threshold of a tracked face; empty before
            the classification.
        confidence: probability of the predicted label, 0..1.
        landmarks: float32 [68, 2], x and y in pixels of the image, see `device.faces.points`; None
            without a model of landmarks, or if they fit no head.
        pose: pose of the head by its landmarks; None where these are None.
        occluded: hidden part of the face as seen in the image, "none" if all is visible; empty if
            the model does not find it.
    """

    box: Box
    roll: float = 0.0
    track: int = 0
    labels: tuple[str, ...] = ()
    probabilities: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    label: str = ""
    confidence: float = 0.0
    landmarks: npt.NDArray[np.float32] | None = None
    pose: HeadPose | None = None
    occluded: str = ""

    @property
    def hidden_text(self) -> str:
        """Text about the hidden part, such as "upper occluded"; empty if all is visible."""
        return "" if self.occluded in ("", FACE_PARTS[0]) else f"{self.occluded} occluded"

    @property
    def area(self) -> int:
        """Area of the box in square pixels."""
        return self.box.w * self.box.h

    @property
    def distribution(self) -> dict[str, float]:
        """Label to probability, in the order of the labels."""
        return dict(zip(self.labels, self.probabilities.tolist(), strict=True))
