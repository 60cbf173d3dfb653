"""YuNet: a small neural face detector that also sees the eyes."""

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
from device.image.color import color
from device.system.opencv_log import suppress_opencv_log

_OVERLAP = 0.3  # boxes that share more (intersection over union) are one face
_MOST_FACES = 100
_LEAST = 64
"""Least width and height that the net is shown, in pixels: in 32 it gives what its memory held."""

_LOOK = 256  # pixels, width and height of the second look
_LOOK_AROUND = 256 / 224  # its side as a multiple of the face's
_MOST_LOOKS = 4
# Even then it shows three quarters of the roll: 0.76, 0.74 and 0.64 of 10, 20 and 30 degrees
# (medians over 50 random FER2013 training pictures, turned both ways).
_ROLL_SEEN = 0.75


class YuNetDetector:
    """Finds faces, tilted and half turned ones too, with OpenCV's `FaceDetectorYN`.

    Wu et al., "YuNet: a tiny millisecond-level face detector" (2023); file of the OpenCV Zoo.

    In faces of less than some 180 pixels it places the eyes almost level, however far the head is
    tilted. So it looks at each of the largest faces a second time, scaled to 224 pixels.
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
        """Load and check the detector's file.

        Args:
            model: its `.onnx` file; None for the one that `fer-edge fetch yunet` has brought.
            search_size: a picture whose longer side has more pixels is searched at that size.
            min_face: smallest face, as a fraction of the picture's shorter side.
            min_score: a face's score 0..1 below which it is left out.
            align: how many faces, the largest first, are looked at twice to see their tilt; the
                others count as upright.

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
        """Find the faces in a picture.

        Args:
            image: uint8 [h, w, 3] in the order blue, green, red, or [h, w] gray, in which it
                finds a little less.

        Returns:
            faces, the largest first; a box may reach over the picture's edge.
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

    def _aligned(self, image: npt.NDArray[np.uint8], face: Face) -> Face:
        """Look at a face again, large enough to see where its eyes are."""
        box = face.box
        step = _LOOK_AROUND * box.w / _LOOK  # the picture's pixels per pixel of the look
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
        rows = _detect(self._look, color(self._face))
        if not rows:
            return face
        return _frame(max(rows, key=lambda row: row[2] * row[3]), step, left, top)


def _padded(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Give a narrow or low picture black edges on its right and below."""
    h, w = image.shape[:2]
    if min(h, w) >= _LEAST:
        return image
    below, right = max(0, _LEAST - h), max(0, _LEAST - w)
    return cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT)


def _detect(net: Any, image: npt.NDArray[np.uint8]) -> list[list[float]]:
    """Give a row a face: box, right eye, left eye, nose, corners of the mouth, score."""
    _, found = net.detect(image)
    return [] if found is None else found.tolist()


def _frame(row: list[float], step: float, left: float = 0.0, top: float = 0.0) -> Face:
    right_eye = (left + row[4] * step, top + row[5] * step)
    left_eye = (left + row[6] * step, top + row[7] * step)
    return frame_face(row[2] * step, row[3] * step, right_eye, left_eye, seen=_ROLL_SEEN)


def _load(content: bytes, path: Path, min_score: float) -> Any:
    if not hasattr(cv2, "FaceDetectorYN"):
        raise InputError(
            f"OpenCV {cv2.__version__} here has no FaceDetectorYN: "
            "pip install 'opencv-python-headless>=4.11,<5'"
        )
    size = (_LOOK, _LOOK)
    model, no_config = np.frombuffer(content, np.uint8), np.empty(0, np.uint8)
    try:
        with suppress_opencv_log():
            net = cv2.FaceDetectorYN.create(
                "onnx", model, no_config, size, min_score, _OVERLAP, _MOST_FACES
            )
            # A file of another net loads as well: only a run shows that its outputs are YuNet's.
            net.detect(np.zeros((*size, 3), np.uint8))
    except cv2.error as error:
        raise InputError(
            f"{path} is no YuNet model that OpenCV {cv2.__version__} can run, or is cut short: "
            "fer-edge fetch yunet brings one"
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
