"""Data association: matches detections of a frame with known faces."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from device.face import Face
from device.geometry import Box

_MAX_DISTANCE = 0.6  # in units of the mean side: two adjacent heads are a whole side apart
_MAX_GROWTH = 1.8  # ratio of sides between two detections


@dataclass(slots=True)
class Track:
    """A face over time.

    Attributes:
        face: face at its last position; one object as long as the track exists.
        seen: time of the last detection, in seconds.
        found: whether the last detection found it.
        detections: number of detections that found it.
        confirmed: whether it was detected often enough to count as a face.
    """

    face: Face
    seen: float
    found: bool = True
    detections: int = 1
    confirmed: bool = False


class Tracker:
    """Assigns stable track numbers to detected faces.

    Greedy nearest-neighbor association: the nearest pairs first, unless a face would have moved or
    changed its size too much. A face that is not detected keeps its number for a while once it is
    confirmed, that is detected several times in a row (as in SORT, Bewley et al., "Simple online
    and realtime tracking", 2016), since false detections rarely repeat.

    Attributes:
        tracks: known faces, detected in the last frame or not, the oldest first.
    """

    def __init__(self, *, max_age: float = 1.0, min_hits: int = 1) -> None:
        """Start without faces.

        Args:
            max_age: seconds without detection after which a confirmed face is dropped.
            min_hits: number of detections that confirm a face; fewer at the start.
        """
        self.tracks: list[Track] = []
        self._max_age = max_age
        self._min_hits = min_hits
        self._updates = 0
        self._last_id = 0

    def update(self, detections: Sequence[Face], time: float) -> None:
        """Process the detections of a frame.

        Args:
            detections: faces from the detector; those without a match start new tracks.
            time: time of the frame in seconds.
        """
        self._updates += 1
        for track in self.tracks:
            track.found = False
        paired = set()
        for row, column in _pairs([track.face for track in self.tracks], detections):
            track, detection = self.tracks[row], detections[column]
            track.face.box, track.face.roll = detection.box, detection.roll
            track.seen, track.found = time, True
            track.detections += 1
            paired.add(column)
        self.tracks = [
            track
            for track in self.tracks
            if track.found or (track.confirmed and time - track.seen <= self._max_age)
        ]
        for column, detection in enumerate(detections):
            if column not in paired:
                self._last_id += 1
                face = Face(detection.box, detection.roll, track=self._last_id)
                self.tracks.append(Track(face, time))
        needed = min(self._min_hits, self._updates)
        for track in self.tracks:
            track.confirmed |= track.detections >= needed

    def clear(self) -> None:
        """Drop all faces; their numbers are not reused."""
        self.tracks = []
        self._updates = 0


def distance(one: Box, other: Box) -> float:
    """Distance between two boxes as positions of the same face.

    Returns:
        Distance of the centers as a fraction of the mean side, plus the logarithm of the ratio of
        the sides; infinite if a face cannot have moved or grown that much.
    """
    side, other_side = max(one.w, one.h), max(other.w, other.h)
    ratio = max(side, other_side) / max(1, min(side, other_side))
    across = one.x + one.w / 2 - other.x - other.w / 2
    down = one.y + one.h / 2 - other.y - other.h / 2
    away = math.hypot(across, down) / max(1.0, (side + other_side) / 2)
    if away > _MAX_DISTANCE or ratio > _MAX_GROWTH:
        return math.inf
    return away + math.log(ratio)


def _pairs(known: Sequence[Face], detections: Sequence[Face]) -> list[tuple[int, int]]:
    """Pair known faces and detections one to one, the nearest first, by their positions."""
    candidates = sorted(
        (far, row, column)
        for row, face in enumerate(known)
        for column, detection in enumerate(detections)
        if (far := distance(face.box, detection.box)) < math.inf
    )
    rows: set[int] = set()
    columns: set[int] = set()
    pairs = []
    for _, row, column in candidates:
        if row not in rows and column not in columns:
            rows.add(row)
            columns.add(column)
            pairs.append((row, column))
    return pairs
