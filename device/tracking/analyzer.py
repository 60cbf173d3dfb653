"""From frames to faces: who is where, and which expression each one shows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

import numpy as np

from device.errors import InputError
from device.faces.align import Cropper
from device.faces.detector import Detector
from device.frame import Frame, TrackedFace
from device.geometry import MARGIN, Box, Detection
from device.model.classifier import Classifier
from device.tracking.gray_frame import GrayFrame
from device.tracking.region import WHOLE, Region
from device.tracking.smoothing import Decision, Smoother
from device.tracking.template import Follower, Likeness
from device.tracking.tracker import Track, Tracker

_TAKES_OVER = 1.25  # times the area that another face needs to become the largest


class _Person:
    """What is known of a tracked face besides its place; its objects live as long as the track."""

    __slots__ = ("decision", "face", "likeness", "smoother")

    def __init__(self, track: Track, smoother: Smoother, decision: Decision) -> None:
        self.smoother = smoother
        self.decision = decision
        self.likeness: Likeness | None = None  # None while the face is out of sight
        self.face = TrackedFace(track.id, track.box, np.empty(0, np.float32), "", 0.0)


class Faces:
    """Finds, follows and classifies the faces of one source, frame by frame.

    Attributes:
        labels: the model's, in the order of each face's probabilities.
        stages: milliseconds of the last frame by stage: detect (0 where no detection was due),
            classify (with the crop), track (the rest: following, pairing, smoothing).
    """

    def __init__(
        self,
        classifier: Classifier,
        detector: Detector,
        *,
        every: int = 1,
        roi: Region = WHOLE,
        largest: bool = False,
        margin: float = MARGIN,
        smoothing: float = 0.5,
        threshold: float = 0.4,
        hysteresis: float = 0.1,
        patience: float = 1.0,
    ) -> None:
        """Put the parts together; nothing is loaded here.

        Args:
            classifier: the model.
            detector: finds the faces.
            every: frames from one detection to the next; in between faces are followed, and one
                that is lost brings the detection forward. 1 detects in every frame.
            roi: part of the frame in which faces are looked for.
            largest: the largest face alone instead of all.
            margin: of the crop, as a fraction of the box on each side, as in the model's training.
            smoothing: time constant of the distributions, in seconds; 0 does not smooth.
            threshold: probability below which a face is uncertain.
            hysteresis: probability by which another label has to lead to replace the shown one.
            patience: seconds that a face may go without detection until it is forgotten.

        Raises:
            InputError: a value is out of range.
        """
        if every < 1:
            raise InputError(f"detection every {every} frames: give 1 or more")
        if margin <= -0.5:
            raise InputError(f"margin {margin} leaves nothing of a face: give more than -0.5")
        self.labels = classifier.labels
        self.stages = {"detect": 0.0, "classify": 0.0, "track": 0.0}
        self._classifier = classifier
        self._detector = detector
        self._every = every
        self._roi = roi
        self._largest = largest
        self._smoothing = smoothing
        self._threshold = threshold
        self._hysteresis = hysteresis
        self._crop = Cropper(margin=margin)
        self._follower = Follower()
        self._tracker = Tracker(patience=patience)
        self._people: dict[int, _Person] = {}
        self._faces: list[TrackedFace] = []
        self._gray = GrayFrame()
        self._until_detection = 0
        self._main = 0  # id of the face that is the largest
        self._kind: tuple[str, tuple[int, ...]] = ("", ())
        self._time = 0.0
        self._new_person(Track(0, Box(0, 0, 1, 1), 0.0, 0.0))  # says now what is out of range

    def process(self, frame: Frame) -> list[TrackedFace]:
        """Find, classify and follow the faces in the next frame.

        A frame of another name, as in a folder of pictures, of another size, or from before the
        last one, as when a video begins anew, has nothing to do with it: its faces are new.

        Args:
            frame: with an image that is uint8 [h, w, 3] or [h, w].

        Returns:
            The faces in sight, the largest first. The list and what is in it are used again for
            the next frame: copy what is kept.
        """
        start = perf_counter()
        for stage in self.stages:
            self.stages[stage] = 0.0
        kind = (frame.name, frame.image.shape[:2])
        if kind != self._kind or frame.time < self._time:
            self._forget()
        self._kind, self._time = kind, frame.time
        self._gray.begin(frame.image)

        self._until_detection -= 1
        lost = self._until_detection > 0 and not self._follow(self._tracker.tracks)
        if self._until_detection <= 0 or lost:
            self._detect(frame)
            self._until_detection = self._every
        self._classify(frame.time)

        self.stages["track"] = (perf_counter() - start) * 1000 - sum(self.stages.values())
        return self._faces

    def _forget(self) -> None:
        self._tracker.clear()
        self._people.clear()
        self._until_detection = 0

    def _follow(self, tracks: Sequence[Track]) -> bool:
        """Move the faces in sight to where they are now; False when one of them got lost."""
        kept = True
        for track in tracks:
            person = self._people[track.id]
            if person.likeness is None:
                continue
            gray = self._gray.around(track.box, self._follower.reach(track.box))
            box = self._follower.find(gray, track.box, person.likeness)
            if box is None:
                person.likeness = None
                kept = False
            else:
                track.box = box
        return kept

    def _detect(self, frame: Frame) -> None:
        """Look for faces, and pair them with those that are known."""
        with self._timed("detect"):
            picture = frame.image if self._detector.color else self._gray.whole()
            part, left, top = self._roi.cut(picture)
            found = self._detector.find(part)
        if left or top:
            found = [Detection(_moved(box, left, top), roll) for box, roll in found]
        self._tracker.update(found, frame.time)

        tracks = self._tracker.tracks
        self._people = {
            track.id: self._people.get(track.id) or self._new_person(track) for track in tracks
        }
        self._follow([track for track in tracks if not track.found])
        for track in tracks:
            if track.found:
                person = self._people[track.id]
                gray = self._gray.around(track.box, self._follower.reach(track.box))
                person.likeness = self._follower.learn(gray, track.box, person.likeness)

    def _new_person(self, track: Track) -> _Person:
        decision = Decision(self.labels, threshold=self._threshold, hysteresis=self._hysteresis)
        return _Person(track, Smoother(len(self.labels), self._smoothing), decision)

    def _classify(self, time: float) -> None:
        """Bring the faces in sight up to date."""
        self._faces.clear()
        for track in self._in_sight():
            person = self._people[track.id]
            with self._timed("classify"):
                gray = self._gray.around(track.box, self._crop.reach(track.box))
                probabilities = self._classifier(self._crop(gray, track.box, track.roll))
            face = person.face
            face.box = track.box
            face.probabilities = person.smoother.update(probabilities, time)
            face.label, face.confidence = person.decision.update(face.probabilities)
            self._faces.append(face)

    def _in_sight(self) -> list[Track]:
        """Give the faces to classify, the largest first; the largest alone where that was asked."""
        seen = [
            track for track in self._tracker.tracks if self._people[track.id].likeness is not None
        ]
        seen.sort(key=_area, reverse=True)
        if not self._largest or not seen:
            return seen
        # Two faces of about the same size must not take turns.
        main = next((track for track in seen if track.id == self._main), seen[0])
        if _area(seen[0]) > _TAKES_OVER * _area(main):
            main = seen[0]
        self._main = main.id
        return [main]

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.stages[stage] += (perf_counter() - start) * 1000


def _area(track: Track) -> int:
    return track.box.w * track.box.h


def _moved(box: Box, across: int, down: int) -> Box:
    return Box(box.x + across, box.y + down, box.w, box.h)
