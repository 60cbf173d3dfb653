"""A small morphable face: a mean of 68 points in 3D and the ways in which faces differ from it.

Fitted to landmarks in weak perspective, it lifts them to 3D and takes the pose of the head out of
them. After V. Blanz and T. Vetter, "A morphable model for the synthesis of 3D faces", SIGGRAPH
1999; the model here comes from the drawn faces alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.faces import pose
from device.faces.pose import Pose

MODES = 16
"""Ways to differ from the mean; they hold 99 % of the variance of drawn faces."""

_ROUNDS = 3  # of pose and shape in turn; further ones change little for much time
_NOISE = 0.02  # standard deviation of a landmark, in sides of the crop


@dataclass(frozen=True)
class Morphable:
    """Mean and principal components of frontal faces.

    Attributes:
        mean: float64 [68, 3], in sides of the crop.
        modes: float64 [k, 68, 3], each one standard deviation of the faces long.
    """

    mean: NDArray[np.float64]
    modes: NDArray[np.float64]

    def shape(self, coefficients: NDArray[np.floating]) -> NDArray[np.float64]:
        """The face [68, 3] of some coefficients [k], in standard deviations."""
        return np.asarray(self.mean + np.tensordot(coefficients, self.modes, 1))


@dataclass(frozen=True)
class Fit:
    """A morphable face fitted to landmarks.

    Attributes:
        pose: pose of the head.
        coefficients: float64 [k], in standard deviations.
        lifted: the landmarks in 3D, turned to the front, float64 [68, 3].
    """

    pose: Pose
    coefficients: NDArray[np.float64]
    lifted: NDArray[np.float64]


def learn(frontal: NDArray[np.floating], modes: int = MODES) -> Morphable:
    """Find mean and principal components.

    Args:
        frontal: frontal faces, [n, 68, 3], n above `modes`.
        modes: number of components.
    """
    faces = frontal.astype(np.float64)
    mean = faces.mean(axis=0)
    apart = (faces - mean).reshape(len(faces), -1)
    _, lengths, directions = np.linalg.svd(apart, full_matrices=False)
    deviations = lengths[:modes, np.newaxis] / np.sqrt(len(faces) - 1)
    return Morphable(mean, (deviations * directions[:modes]).reshape(modes, *mean.shape))


def fit(points: NDArray[np.floating], model: Morphable) -> Fit:
    """Fit pose and shape in turn, each by least squares; the shape is drawn to the mean.

    Args:
        points: landmarks, [68, 2], 0 is the center of the crop and 1 its side.
        model: the morphable face.

    Raises:
        ValueError: the landmarks have no pose; see `device.faces.pose.fit`.
    """
    coefficients = np.zeros(len(model.modes))
    for _ in range(_ROUNDS):
        fitted = pose.fit(points, model.shape(coefficients))
        rows = fitted.scale * pose.rotation(fitted.yaw, fitted.pitch, fitted.roll)[:2]
        left = (points - fitted.shift - model.mean @ rows.T).ravel()
        across = (model.modes @ rows.T).reshape(len(model.modes), -1)
        # Ridge: a deviation of the shape costs as much as one of the landmarks.
        square = across @ across.T + _NOISE**2 * np.eye(len(across))
        coefficients = np.asarray(np.linalg.solve(square, across @ left), np.float64)
    shape = model.shape(coefficients)
    return Fit(fitted, coefficients, pose.normalize(points, shape, fitted))
