"""Color conversion and bit depth."""

import cv2
import numpy as np
import numpy.typing as npt


def gray(image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Make a picture gray, 8 bits deep (luma of ITU-R BT.601, as OpenCV computes it).

    Args:
        image: uint8 or uint16, [h, w], [h, w, 1], [h, w, 3] in the order blue, green, red, or
            [h, w, 4] with an alpha channel, which is ignored. uint16 spans 0..65535.

    Returns:
        uint8 [h, w]; the picture's own memory where it is gray and uint8 already.

    Raises:
        ValueError: another shape or dtype, or no pixels.
    """
    pixels, channels = _eight_bits(image)
    if channels == 1:
        return pixels.reshape(pixels.shape[:2])
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY if channels == 3 else cv2.COLOR_BGRA2GRAY)


def color(image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Give a picture three channels of 8 bits.

    Args:
        image: as `gray` takes it.

    Returns:
        uint8 [h, w, 3] in the order blue, green, red; the picture's own memory where it is so
        already.

    Raises:
        ValueError: another shape or dtype, or no pixels.
    """
    pixels, channels = _eight_bits(image)
    if channels == 3:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_BGRA2BGR)


def _eight_bits(
    image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
) -> tuple[npt.NDArray[np.uint8], int]:
    """Give the picture as uint8, and its number of channels."""
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"a picture is uint8 or uint16, not {image.dtype}")
    if image.size == 0 or image.ndim not in (2, 3):
        raise ValueError(f"a picture is [h, w] or [h, w, 1, 3 or 4], not {list(image.shape)}")
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(f"a picture has 1, 3 or 4 channels, not {channels}")
    deep = image.dtype == np.uint16
    return np.asarray(
        cv2.convertScaleAbs(image, alpha=255 / 65535) if deep else image, np.uint8
    ), channels
