"""A `.tflite` model that finds the landmarks of a face crop, and with them the head's pose.

The contract of such a file, which `fer_edge.modalities.landmarks.export` writes: int8 input
[1, side, side, 1], side 48 to 96, of (pixel - 128) / 128, framed as the classifier's crop; output
int8 [1, 136], x and y of each point of `device.faces.points` as what they differ from the frontal
mean face; and the associated file `landmarks.json` with that face, `{"shape": [[x, y, z], …]}`.
Coordinates: 0 is the center of the crop and 1 its side.
"""

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.faces import points, pose
from device.faces.pose import Pose
from device.model.file import ModelFile
from device.model.runtime import build

SHAPE_FILE = "landmarks.json"
"""Member of the zip archive behind the model."""
SMALLEST, LARGEST = 48, 96
"""Sides of the input in pixels."""
REACH = 1.0
"""How far from the center of the crop a point may be, in sides of the crop."""

_MAX_SHAPE_FILE = 20_000  # bytes
_LEAST_SCALE, _MOST_SCALE = 0.3, 3.0  # of a face in a crop of it, to the mean face


class LandmarkModel:
    """A model file in an interpreter that is built once and reused for every face.

    Attributes:
        path: the model file.
        size: side of the input in pixels.
        shape: frontal mean face, float64 [68, 3], in sides of the crop.
    """

    def __init__(self, path: str | os.PathLike[str] | ModelFile, *, threads: int = 1) -> None:
        """Load and check a model.

        Args:
            path: a `.tflite` file that `fer-edge landmarks` made.
            threads: number of kernel threads.

        Raises:
            InputError: the file is missing, damaged, or no model of landmarks.
        """
        file = path if isinstance(path, ModelFile) else ModelFile(path)
        self.path = file.path
        self.shape = _read_shape(file.content, self.path)
        _ = file.graph  # a runtime does not check the structure: damage would end the process
        self._interpreter, inputs, outputs, _ = build(file.content, self.path, threads)
        self.size = _check_shapes(inputs, outputs, self.path)
        self._input_index, self._output_index = inputs[0]["index"], outputs[0]["index"]
        scale, zero_point = inputs[0]["quantization"]
        values = np.rint((np.arange(256) - 128) / 128 / scale) + zero_point
        self._table = np.clip(values, -128, 127).astype(np.int8)
        self._scale, self._zero_point = outputs[0]["quantization"]
        self._input = np.zeros((1, self.size, self.size, 1), np.int8)

    def __call__(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Find the landmarks of one face.

        Args:
            face: gray crop, uint8 [side, side]; another side than the model's is scaled.

        Returns:
            float32 [68, 2], x and y of each point: 0 is the center of the crop and 1 its side. A
            point may lie outside of the crop.

        Raises:
            ValueError: the face has another shape or dtype.
            InputError: a kernel fails.
        """
        if face.ndim != 2 or face.shape[0] != face.shape[1] or face.dtype != np.uint8:
            raise ValueError(f"a face is uint8 and square, not {face.dtype} {list(face.shape)}")
        if len(face) != self.size:
            method = cv2.INTER_AREA if len(face) > self.size else cv2.INTER_LINEAR
            face = cv2.resize(face, (self.size, self.size), interpolation=method)
        np.take(self._table, face, out=self._input[0, :, :, 0], mode="clip")
        try:
            self._interpreter.set_tensor(self._input_index, self._input)
            self._interpreter.invoke()
            raw = self._interpreter.get_tensor(self._output_index)[0]
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{self.path} cannot be run: {error}; export it again") from error
        differences = (raw.astype(np.float32) - self._zero_point) * self._scale
        found = differences.reshape(points.COUNT, 2) + self.shape[:, :2]
        return np.asarray(found, np.float32)

    def pose(self, landmarks: npt.NDArray[np.float32]) -> Pose | None:
        """The pose of a head by its landmarks; None if they are no face.

        Args:
            landmarks: as of a call, [68, 2].

        Returns:
            The pose; None if the points fit no head of about the crop's size in the crop.
        """
        if not np.isfinite(landmarks).all():
            return None
        if np.abs(landmarks.mean(axis=0)).max() > REACH / 2 or np.abs(landmarks).max() > REACH:
            return None
        try:
            fitted = pose.fit(landmarks, self.shape)
        except ValueError:
            return None
        return fitted if _LEAST_SCALE < fitted.scale < _MOST_SCALE else None


def _read_shape(content: bytes, path: Path) -> npt.NDArray[np.float64]:
    """Read the mean face from the zip archive behind a model."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(SHAPE_FILE) as member:
            values: Any = json.loads(member.read(_MAX_SHAPE_FILE))["shape"]
        shape = np.array(values, np.float64)
    except (KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} is no model of landmarks (it has no {SHAPE_FILE}): give one that "
            "fer-edge landmarks made"
        ) from error
    except (OSError, ValueError, TypeError, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path}: its {SHAPE_FILE} is damaged: export it again") from error
    flat = shape.shape != (points.COUNT, 3) or not np.isfinite(shape).all()
    if flat or np.linalg.matrix_rank(shape - shape.mean(axis=0), tol=1e-3) < 3:
        raise InputError(f"{path}: its {SHAPE_FILE} holds no face: export it again")
    return shape


def _check_shapes(inputs: list[dict[str, Any]], outputs: list[dict[str, Any]], path: Path) -> int:
    """The side of the input, if the tensors are those of a model of landmarks."""
    tensors = [*inputs, *outputs]
    if len(inputs) != 1 or len(outputs) != 1:
        raise InputError(f"{path} has several inputs or outputs: it is no model of landmarks")
    shapes = [tuple(int(size) for size in tensor["shape"]) for tensor in tensors]
    side = shapes[0][1] if len(shapes[0]) == 4 else 0
    fits = SMALLEST <= side <= LARGEST and shapes == [(1, side, side, 1), (1, 2 * points.COUNT)]
    int8 = all(tensor["dtype"] == np.int8 and tensor["quantization"][0] > 0 for tensor in tensors)
    if not fits or not int8:
        raise InputError(
            f"{path} is no int8 model of landmarks (its tensors are {shapes}): give one that "
            "fer-edge landmarks made"
        )
    return side
