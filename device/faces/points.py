"""The layout of landmarks: the 68 points of iBUG 300-W, from left to right in the image.

Source: C. Sagonas et al., "300 Faces In-The-Wild Challenge: database and results", Image and
Vision Computing 2016. Each point stays on its place of the skin: in a turned head those of the far
side of the jaw are hidden, and not moved to the visible outline.
"""

import numpy as np
import numpy.typing as npt

COUNT = 68

JAW = slice(0, 17)
LEFT_BROW, RIGHT_BROW = slice(17, 22), slice(22, 27)
NOSE = slice(27, 36)
NOSE_TIP = 30
LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)
MOUTH = slice(48, 68)
LEFT_CORNER, RIGHT_CORNER = 48, 54
"""Left and right are those of the image; the person's own are the other way round."""

MIRRORED = np.array(
    [
        *range(16, -1, -1),
        *range(26, 16, -1),
        *range(27, 31),
        *range(35, 30, -1),
        *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
        *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
        *(64, 63, 62, 61, 60, 67, 66, 65),
    ]
)
"""The point of which each is the mirror image."""


def five(points: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Reduce landmarks to the five points of face detectors.

    Args:
        points: [..., 68, d].

    Returns:
        [..., 5, d]: left eye, right eye, tip of the nose, left and right corner of the mouth, as
        seen in the image.
    """
    eyes = [points[..., eye, :].mean(axis=-2) for eye in (LEFT_EYE, RIGHT_EYE)]
    rest = [points[..., one, :] for one in (NOSE_TIP, LEFT_CORNER, RIGHT_CORNER)]
    return np.stack(eyes + rest, axis=-2)
