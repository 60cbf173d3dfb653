"""Color conversion and bit depth."""

import cv2
import numpy as np
import numpy.typing as npt


def gray(image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Convert an image to 8-bit gray (luma of ITU-R BT.601, as computed by OpenCV).

    Args:
        image: uint8 or uint16, [h, w], [h, w, 1], [h, w, 3] BGR, or [h, w, 4] with an alpha
            channel, which is ignored. The range of uint16 is 0..65535.

    Returns:
        uint8 [h, w]; shares memory with the image if that is already gray and uint8.

    Raises:
        ValueError: another shape or dtype, or no pixels.
    """
    pixels, channels = _eight_bits(image)
    if channels == 1:
        return pixels.reshape(pixels.shape[:2])
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY if channels == 3 else cv2.COLOR_BGRA2GRAY)


def color(image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Convert an image to three channels of 8 bits.

    Args:
        image: an image as for `gray`.

    Returns:
        uint8 [h, w, 3] BGR; shares memory with the image if no conversion is needed.

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
    """The image as uint8, and its number of channels."""
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"an image must be uint8 or uint16, not {image.dtype}")
    if image.size == 0 or image.ndim not in (2, 3):
        raise ValueError(f"an image must be [h, w] or [h, w, 1, 3 or 4], not {list(image.shape)}")
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(f"an image must have 1, 3 or 4 channels, not {channels}")
    deep = image.dtype == np.uint16
    return np.asarray(
        cv2.convertScaleAbs(image, alpha=255 / 65535) if deep else image, np.uint8
    ), channels
