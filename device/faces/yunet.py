"""YuNet: a small neural face detector that also locates the eyes."""

from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.face import Face
from device.faces.align import frame_face
from device.faces.download import YUNET
from device.faces.resize import ImageResizer
from device.geometry import Box
from device.image.color import color
from device.system.opencv_log import suppress_opencv_log

_OVERLAP = 0.3  # boxes with a larger intersection over union are one face
_MOST_FACES = 100
_LEAST = 64
"""Minimum width and height of the net's input in pixels; at 32 it reads outside its buffer."""

_LOOK = 256  # width and height in pixels of the input of the second pass
_LOOK_AROUND = 256 / 224  # its side as a multiple of the face's
_MOST_LOOKS = 4
# Even then it finds three quarters of the roll: 0.76, 0.74 and 0.64 of 10, 20 and 30 degrees
# (medians over 50 random FER2013 training images, rotated in both directions).
_ROLL_SEEN = 0.75


class YuNetDetector:
    """Finds faces, also rotated and half-profile ones, with OpenCV's `FaceDetectorYN`.

    Wu et al., "YuNet: a tiny millisecond-level face detector" (2023); model of the OpenCV Zoo.

    In faces smaller than about 180 pixels it locates the eyes almost level, however much the head
    is rotated. Each of the largest faces is therefore processed a second time, scaled to 224
    pixels.
    """

    color: ClassVar[bool] = True
    min_hits: ClassVar[int] = 1

    def __init__(
        self,
        model: Path | None = None,
        *,
        search_size: int = 320,
        min_face: float = 0.08,
        min_score: float = 0.7,
        align: int = _MOST_LOOKS,
    ) -> None:
        """Load and check the model file.

        Args:
            model: `.onnx` file; None for the one downloaded by `fer-edge fetch yunet`.
            search_size: longest side in pixels at which larger images are searched.
            min_face: smallest face, as a fraction of the image's shorter side.
            min_score: minimum score of a face, 0..1.
            align: number of faces, the largest first, whose roll is determined in a second pass;
                the others count as upright.

        Raises:
            InputError: the file is missing, damaged or another kind of model, this OpenCV cannot
                run it, or the size is too small.
        """
        self._shrink = ImageResizer(search_size)
        self._min_face = min_face
        self._align = align
        content = YUNET.read() if model is None else _read(model)
        self._search = _load(content, model or YUNET.path(), min_score)
        self._size = (_LOOK, _LOOK)
        self._look = _load(content, model or YUNET.path(), min_score)
        self._face = np.empty((_LOOK, _LOOK, 3), np.uint8)

    def find(self, image: npt.NDArray[np.uint8]) -> list[Face]:
        """Find the faces in an image.

        Args:
            image: uint8 [h, w, 3] BGR, or [h, w] gray, in which it finds slightly fewer faces.

        Returns:
            The faces, the largest first; a box may extend beyond the image.
        """
        small, factor = self._shrink(image)
        picture = _padded(color(small))
        size = (picture.shape[1], picture.shape[0])
        if size != self._size:
            self._search.setInputSize(size)
            self._size = size
        least = self._min_face * min(image.shape[:2])
        faces = [_frame(row, factor) for row in _detect(self._search, picture)]
        faces = [Face(face.box) for face in faces if face.box.w >= least]
        faces.sort(key=lambda face: face.area, reverse=True)
        faces[: self._align] = [self._aligned(image, face) for face in faces[: self._align]]
        return faces

    def five_points(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32] | None:
        """Locate the five points of the largest face in a crop, enlarged as in the second pass.

        Args:
            face: crop framed as the boxes of `find`, uint8 [h, w] or [h, w, 3], square.

        Returns:
            float32 [5, 2], x and y in pixels of the crop: left eye, right eye, tip of the nose,
            left and right corner of the mouth, as seen in the image; None if there is no face.
        """
        side = len(face)
        rows, step, left, top = self._look_at(face, Box(0, 0, side, side))
        if not rows:
            return None
        row = max(rows, key=lambda row: row[2] * row[3])
        return np.array(row[4:14], np.float32).reshape(5, 2) * step + (left, top)

    def _aligned(self, image: npt.NDArray[np.uint8], face: Face) -> Face:
        """Process a face again, large enough to locate its eyes accurately."""
        rows, step, left, top = self._look_at(image, face.box)
        if not rows:
            return face
        return _frame(max(rows, key=lambda row: row[2] * row[3]), step, left, top)

    def _look_at(
        self, image: npt.NDArray[np.uint8], box: Box
    ) -> tuple[list[list[float]], float, float, float]:
        """Detect faces around a box.

        Returns:
            The rows, and step, left and top, by which their pixels become those of the image.
        """
        step = _LOOK_AROUND * box.w / _LOOK  # image pixels per pixel of the second pass
        left = box.x + (box.w - 1) / 2 - step * (_LOOK - 1) / 2
        top = box.y + (box.h - 1) / 2 - step * (_LOOK - 1) / 2
        self._face = cv2.warpAffine(
            image,
            np.array([[step, 0, left], [0, step, top]]),
            (_LOOK, _LOOK),
            dst=self._face if image.ndim == 3 else None,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return _detect(self._look, color(self._face)), step, left, top


def _padded(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Pad a narrow or low image with black on its right and bottom."""
    h, w = image.shape[:2]
    if min(h, w) >= _LEAST:
        return image
    below, right = max(0, _LEAST - h), max(0, _LEAST - w)
    return cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT)


def _detect(net: Any, image: npt.NDArray[np.uint8]) -> list[list[float]]:
    """One row per face: box, right eye, left eye, nose, corners of the mouth, score."""
    _, found = net.detect(image)
    return [] if found is None else found.tolist()


def _frame(row: list[float], step: float, left: float = 0.0, top: float = 0.0) -> Face:
    right_eye = (left + row[4] * step, top + row[5] * step)
    left_eye = (left + row[6] * step, top + row[7] * step)
    return frame_face(row[2] * step, row[3] * step, right_eye, left_eye, seen=_ROLL_SEEN)


def _load(content: bytes, path: Path, min_score: float) -> Any:
    if not hasattr(cv2, "FaceDetectorYN"):
        raise InputError(
            f"OpenCV {cv2.__version__} has no FaceDetectorYN: "
            "pip install 'opencv-python-headless>=4.11,<5'"
        )
    size = (_LOOK, _LOOK)
    model, no_config = np.frombuffer(content, np.uint8), np.empty(0, np.uint8)
    try:
        with suppress_opencv_log():
            net = cv2.FaceDetectorYN.create(
                "onnx", model, no_config, size, min_score, _OVERLAP, _MOST_FACES
            )
            # The file of another net loads as well: only a run shows whether the outputs are
            # YuNet's.
            net.detect(np.zeros((*size, 3), np.uint8))
    except cv2.error as error:
        raise InputError(
            f"{path} is not a YuNet model that OpenCV {cv2.__version__} can run, or is cut short: "
            "download it with fer-edge fetch yunet"
        ) from error
    return net


def _read(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path} is a folder: give the .onnx file in it")
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such detector file") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
