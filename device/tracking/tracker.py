"""Which face of this frame is which of the last one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from device.geometry import Box, Detection

_FARTHEST = 0.6  # of the faces' mean side: two heads side by side are a whole side apart
_MOST_GROWTH = 1.8  # between two detections


@dataclass(slots=True)
class Track:
    """A face over time.

    Attributes:
        id: a number from 1 that no other face gets.
        box: where it was last.
        roll: of its eye line, in radians.
        seen: time of the last detection, in seconds.
        found: whether the last detection found it.
    """

    id: int
    box: Box
    roll: float
    seen: float
    found: bool = True


class Tracker:
    """Gives detected faces stable ids.

    Pairs each face with the nearest of the last frame, the nearest pairs first, as long as it did
    not jump or change size more than a face does. A face that is not found for a while keeps its
    id.

    Attributes:
        tracks: the faces that are known, found or not, the oldest first.
    """

    def __init__(self, *, patience: float = 1.0) -> None:
        """Set how long a face is remembered.

        Args:
            patience: seconds that a face may go without detection until it is forgotten.
        """
        self.tracks: list[Track] = []
        self._patience = patience
        self._last_id = 0

    def update(self, detections: Sequence[Detection], time: float) -> None:
        """Take in what a detector found at a time, in seconds."""
        for track in self.tracks:
            track.found = False
        unknown = list(detections)
        for track, detection in _pairs(self.tracks, detections):
            track.box, track.roll = detection
            track.seen, track.found = time, True
            unknown.remove(detection)
        self.tracks = [
            track for track in self.tracks if track.found or time - track.seen <= self._patience
        ]
        for box, roll in unknown:
            self._last_id += 1
            self.tracks.append(Track(self._last_id, box, roll, time))

    def clear(self) -> None:
        """Forget all faces; their ids are not given again."""
        self.tracks = []


def distance(one: Box, other: Box) -> float:
    """Say how far two boxes are from being the same face.

    Returns:
        Distance of the centers as a fraction of the mean side, plus the logarithm of the ratio of
        the sides; infinite where a face cannot have moved or grown so much.
    """
    side, other_side = max(one.w, one.h), max(other.w, other.h)
    ratio = max(side, other_side) / max(1, min(side, other_side))
    across = one.x + one.w / 2 - other.x - other.w / 2
    down = one.y + one.h / 2 - other.y - other.h / 2
    away = math.hypot(across, down) / max(1.0, (side + other_side) / 2)
    if away > _FARTHEST or ratio > _MOST_GROWTH:
        return math.inf
    return away + math.log(ratio)


def _pairs(
    tracks: Sequence[Track], detections: Sequence[Detection]
) -> list[tuple[Track, Detection]]:
    """Pair tracks and detections one to one, the nearest first."""
    candidates = [
        (far, row, column)
        for row, track in enumerate(tracks)
        for column, detection in enumerate(detections)
        if (far := distance(track.box, detection.box)) < math.inf
    ]
    rows: set[int] = set()
    columns: set[int] = set()
    pairs = []
    for _, row, column in sorted(candidates):
        if row not in rows and column not in columns:
            rows.add(row)
            columns.add(column)
            pairs.append((tracks[row], detections[column]))
    return pairs
