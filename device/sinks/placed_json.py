"""Landmarks and pose of a face as JSON, the same in lines, on the page and of `predict`."""

from typing import Any

import numpy as np

from device.face import Face


def placed_json(face: Face) -> dict[str, Any]:
    """Landmarks and pose of a face as JSON types; empty without them."""
    if face.landmarks is None or face.pose is None:
        return {}
    return {
        "landmarks": np.round(face.landmarks.astype(float), 1).tolist(),
        "pose": {name: round(angle, 1) for name, angle in face.pose._asdict().items()},
    }
