"""Head pose from landmarks: a weak-perspective fit of a mean face, and points without the pose.

Coordinates: x points right in the image, y down, z towards the camera. Positive yaw turns the nose
to the right in the image, positive pitch turns it down, positive roll is clockwise.

Sources: D. DeMenthon and L. Davis, "Model-based object pose in 25 lines of code", IJCV 1995 (scaled
orthographic projection); N. Higham, "Computing the polar decomposition", 1986 (nearest rotation).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pose:
    """Rotation of a head in degrees, and its place in the image.

    Attributes:
        yaw, pitch, roll: degrees; see the module for their signs.
        scale: image units per unit of the mean face, above 0.
        shift: position of the mean face's origin in the image, float64 [2].
    """

    yaw: float
    pitch: float
    roll: float
    scale: float
    shift: Floats


def rotation(yaw: float, pitch: float, roll: float) -> Floats:
    """The matrix that rotates a frontal head: first by yaw, then by pitch, then by roll.

    Args:
        yaw: degrees.
        pitch: degrees.
        roll: degrees.

    Returns:
        float64 [3, 3], for column vectors (x, y, z).
    """
    (sy, cy), (sp, cp), (sr, cr) = (
        (math.sin(angle), math.cos(angle)) for angle in np.radians((yaw, pitch, roll)).tolist()
    )
    by_yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    by_pitch = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    by_roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(by_roll @ by_pitch @ by_yaw)


def angles(matrix: Floats) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a rotation matrix, the inverse of `rotation`."""
    yaw = math.atan2(-matrix[2, 0], matrix[2, 2])
    pitch = math.asin(max(-1.0, min(1.0, -matrix[2, 1])))
    roll = math.atan2(-matrix[0, 1], matrix[1, 1])
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def fit(points: npt.NDArray[np.floating], shape: Floats) -> Pose:
    """Fit the pose of a mean face to landmarks by least squares.

    Args:
        points: landmarks in the image, [n, 2], n at least 4.
        shape: the same points of the frontal mean face, float64 [n, 3], not in one plane.

    Raises:
        ValueError: the points are one point, or not finite: they have no pose.
    """
    if not np.isfinite(points).all():
        raise ValueError("landmarks are not finite")
    center, middle = points.mean(axis=0), shape.mean(axis=0)
    affine = np.linalg.lstsq(shape - middle, points - center, rcond=None)[0].T
    left, lengths, right = np.linalg.svd(affine, full_matrices=False)
    scale = float(lengths.mean())
    if scale < 1e-9:
        raise ValueError("landmarks are all in one place")
    rows = left @ right
    matrix = np.vstack([rows, np.cross(rows[0], rows[1])])
    yaw, pitch, roll = angles(matrix)
    return Pose(yaw, pitch, roll, scale, center - scale * rows @ middle)


def project(pose: Pose, shape: Floats) -> Floats:
    """Place a face [n, 3] in the image with a pose: float64 [n, 2]."""
    rows = rotation(pose.yaw, pose.pitch, pose.roll)[:2]
    return np.asarray(pose.scale * shape @ rows.T + pose.shift)


def normalize(points: npt.NDArray[np.floating], shape: Floats, pose: Pose) -> Floats:
    """Lift landmarks to 3D and turn them to the front.

    Across the view the points keep what they differ from the mean face; along it, where the image
    says nothing, they get the depth of the mean face.

    Args:
        points: landmarks in the image, [n, 2].
        shape: frontal mean face, float64 [n, 3].
        pose: pose as of `fit`.

    Returns:
        float64 [n, 3] in units of the mean face.
    """
    matrix = rotation(pose.yaw, pose.pitch, pose.roll)
    across = (points - pose.shift) / pose.scale
    depth = shape @ matrix[2]
    return np.asarray(np.column_stack([across, depth]) @ matrix)
