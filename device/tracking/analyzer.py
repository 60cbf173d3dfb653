"""Detection, tracking and classification of the faces of one source."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

from device.errors import InputError
from device.face import Face
from device.faces.align import FaceCropper
from device.faces.detector import Detector
from device.faces.locate import Locator
from device.frame import Frame
from device.geometry import MARGIN, Box
from device.model.classifier import Classifier
from device.tracking.gray_frame import GrayFrame
from device.tracking.region import WHOLE, Region
from device.tracking.smoothing import LabelHysteresis, Smoother
from device.tracking.template import Template, TemplateTracker
from device.tracking.temporal import TemporalFilter, TemporalModel
from device.tracking.tracker import Track, Tracker

_TAKES_OVER = 1.25  # ratio of areas at which another face becomes the largest


class _TrackState:
    """The state of a track besides its face."""

    __slots__ = ("hidden", "hysteresis", "smoother", "template")

    def __init__(
        self, smoother: Smoother | TemporalFilter, hidden: Smoother, hysteresis: LabelHysteresis
    ) -> None:
        self.smoother = smoother
        self.hidden = hidden  # smooths the hidden part; without use for other models
        self.hysteresis = hysteresis
        self.template: Template | None = None  # None while the face is not visible


class FaceAnalyzer:
    """Finds, tracks and classifies the faces of one source, frame by frame.

    Attributes:
        labels: labels of the model, in the order of each face's probabilities.
        stages: latency of the last frame in milliseconds by stage: detect (0 if no detection was
            due), classify (including the crop), track (association, templates, smoothing).
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
        temporal: TemporalModel | None = None,
        threshold: float = 0.4,
        hysteresis: float = 0.1,
        max_age: float = 1.0,
        locator: Locator | None = None,
    ) -> None:
        """Combine the parts; nothing is loaded here.

        Args:
            classifier: classifier of the faces.
            detector: face detector.
            every: interval of detections in frames; between them templates are tracked, and losing
                one triggers a detection. 1 detects in every frame.
            roi: region of the frame to search for faces.
            largest: whether to analyze only the largest face.
            margin: margin of the crop, as a fraction of the box on each side, as in training.
            smoothing: time constant of the smoothed distributions, in seconds; 0 disables
                smoothing.
            temporal: temporal head that is used instead of smoothing.
            threshold: probability 0..1 below which a face is "uncertain".
            hysteresis: margin of probability by which another label replaces the shown one.
            max_age: seconds without detection after which a face is dropped.
            locator: locator of landmarks, which give each face its pose; None without them.

        Raises:
            InputError: a value is out of range, or the temporal head has other labels than the
                classifier.
        """
        if every < 1:
            raise InputError(f"detection every {every} frames: give 1 or more")
        if temporal is not None:
            temporal.check(classifier.labels)
        self.labels = classifier.labels
        self.stages = {"detect": 0.0, "classify": 0.0, "track": 0.0}
        self._classifier = classifier
        self._detector = detector
        self._every = every
        self._roi = roi
        self._largest = largest
        self._smoothing = smoothing
        self._temporal = temporal
        self._threshold = threshold
        self._hysteresis = hysteresis
        self._locator = locator
        self._crop = FaceCropper(margin=margin)
        self._templates = TemplateTracker()
        self._tracker = Tracker(max_age=max_age, min_hits=detector.min_hits)
        self._states: dict[int, _TrackState] = {}
        self._faces: list[Face] = []
        self._gray = GrayFrame()
        self._until_detection = 0
        self._main = 0  # track number of the face considered the largest
        self._kind: tuple[str, tuple[int, ...]] = ("", ())
        self._time = 0.0
        self._new_state()  # raises if an option is out of range

    def process(self, frame: Frame) -> list[Face]:
        """Find, track and classify the faces in the next frame.

        Tracking restarts at a frame of another name (a folder of images), of another size, or with
        an earlier time than the previous one (a video that is played again).

        Args:
            frame: frame with an image that is uint8 [h, w, 3] or [h, w].

        Returns:
            The visible faces, the largest first. The list and its content are reused for the next
            frame: copy to keep.
        """
        start = perf_counter()
        for stage in self.stages:
            self.stages[stage] = 0.0
        kind = (frame.name, frame.image.shape[:2])
        if kind != self._kind or frame.time < self._time:
            self._reset()
        self._kind, self._time = kind, frame.time
        self._gray.begin(frame.image)

        self._until_detection -= 1
        lost = self._until_detection > 0 and not self._track_templates(self._tracker.tracks)
        if self._until_detection <= 0 or lost:
            self._detect(frame)
            self._until_detection = self._every
        self._classify(frame.time)

        self.stages["track"] = (perf_counter() - start) * 1000 - sum(self.stages.values())
        return self._faces

    def _reset(self) -> None:
        self._tracker.clear()
        self._states.clear()
        self._until_detection = 0

    def _track_templates(self, tracks: Sequence[Track]) -> bool:
        """Move the visible faces to their new positions; False if one of them was lost."""
        kept = True
        for track in tracks:
            state = self._states[track.face.track]
            if state.template is None:
                continue
            box = track.face.box
            gray = self._gray.around(box, self._templates.radius(box))
            moved = self._templates.find(gray, box, state.template)
            if moved is None:
                state.template = None
                kept = False
            else:
                track.face.box = moved
        return kept

    def _detect(self, frame: Frame) -> None:
        """Detect faces and associate them with the known ones."""
        with self._timed("detect"):
            picture = frame.image if self._detector.color else self._gray.whole()
            part, left, top = self._roi.cut(picture)
            found = self._detector.find(part)
        for face in found:
            face.box = face.box.moved(left, top)
        self._tracker.update(found, frame.time)

        tracks = self._tracker.tracks
        self._states = {
            track.face.track: self._states.get(track.face.track) or self._new_state()
            for track in tracks
        }
        self._track_templates([track for track in tracks if not track.found])
        for track in tracks:
            if track.found:
                state, box = self._states[track.face.track], track.face.box
                gray = self._gray.around(box, self._templates.radius(box))
                state.template = self._templates.update(gray, box, state.template)

    def _new_state(self) -> _TrackState:
        hysteresis = LabelHysteresis(
            self.labels, threshold=self._threshold, hysteresis=self._hysteresis
        )
        smoother = (
            Smoother(len(self.labels), self._smoothing)
            if self._temporal is None
            else self._temporal.start()
        )
        hidden = Smoother(len(self._classifier.parts), self._smoothing)
        return _TrackState(smoother, hidden, hysteresis)

    def _classify(self, time: float) -> None:
        """Classify the visible faces."""
        self._faces.clear()
        for track in self._in_sight():
            face, state = track.face, self._states[track.face.track]
            with self._timed("classify"):
                box, roll = self._place(face)
                gray = self._gray.around(box, self._crop.radius(box))
                probabilities = self._classifier(self._crop(gray, box, roll))
            if parts := self._classifier.parts:
                hidden = state.hidden.update(self._classifier.hidden(), time)
                face.occluded = parts[int(hidden.argmax())]
            face.labels = self.labels
            face.probabilities = state.smoother.update(probabilities, time)
            face.label, face.confidence = state.hysteresis.update(face.probabilities)
            self._faces.append(face)

    def _place(self, face: Face) -> tuple[Box, float]:
        """Box and roll of the crop to classify; with landmarks the face gets its pose."""
        if self._locator is None:
            return face.box, face.roll
        return self._locator(self._gray.around(face.box, self._locator.radius(face.box)), face)

    def _in_sight(self) -> list[Track]:
        """The faces to classify, the largest first; with `largest` only that one."""
        seen = [
            track
            for track in self._tracker.tracks
            if track.confirmed and self._states[track.face.track].template is not None
        ]
        seen.sort(key=_area, reverse=True)
        if not self._largest or not seen:
            return seen
        # Two faces of similar size must not alternate.
        main = next((track for track in seen if track.face.track == self._main), seen[0])
        if _area(seen[0]) > _TAKES_OVER * _area(main):
            main = seen[0]
        self._main = main.face.track
        return [main]

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.stages[stage] += (perf_counter() - start) * 1000


def _area(track: Track) -> int:
    return track.face.area
