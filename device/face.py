"""A face: found by a detector, followed by the tracker, classified, written by sinks, drawn."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from device.geometry import Box


@dataclass(slots=True, eq=False)
class Face:
    """One face in a picture; each part of the way fills in its fields.

    Attributes:
        box: square or rectangle framed as the training pictures are, whatever the detector, in
            pixels; it may reach over the picture's edge. Set by the detector.
        roll: clockwise rotation of the eye line in radians; 0 if the detector does not locate the
            eyes. Set by the detector.
        track: number that stays the same while the face is followed from frame to frame, from 1;
            0 in a single picture. Set by the tracker.
        labels: names of the entries of `probabilities`. Set with the classification.
        probabilities: float32 [labels], 0..1; smoothed over time in a tracked face, and then a
            view that the next frame overwrites: copy what is kept.
        label: the expression shown, "uncertain" below the threshold of a tracked face; empty
            before the classification.
        confidence: probability of the shown label, 0..1.
    """

    box: Box
    roll: float = 0.0
    track: int = 0
    labels: tuple[str, ...] = ()
    probabilities: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    label: str = ""
    confidence: float = 0.0

    @property
    def area(self) -> int:
        """Area of the box in square pixels."""
        return self.box.w * self.box.h

    @property
    def distribution(self) -> dict[str, float]:
        """Label to probability, in the order of the labels."""
        return dict(zip(self.labels, self.probabilities.tolist(), strict=True))
