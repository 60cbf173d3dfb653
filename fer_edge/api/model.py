"""A loaded model that recognizes the expressions of the faces in an image."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.faces.detector import Detector, open_detector
from device.faces.recognize import recognize
from device.geometry import FACE_SIZE, Box
from device.image import file as image_file
from device.model import card as card_file
from device.model.classifier import Classifier
from fer_edge import zoo

if TYPE_CHECKING:
    from device.tracking.analyzer import FaceAnalyzer

SEARCH_SIZE = 640
"""Longest side, in pixels, at which an image is searched for faces."""

Picture = str | os.PathLike[str] | npt.NDArray[Any]
"""A path, an array (uint8 or uint16, [h, w] gray or [h, w, 3] BGR) or a PIL image."""


@dataclass(frozen=True)
class Face:
    """A face in an image, with its predicted distribution.

    Attributes:
        box: x, y, width and height in pixels of the image; may extend beyond its edges.
        probabilities: label to probability 0..1, in the order of the model's labels.
        track: number that stays the same while a face is tracked; None in single images.
        label: most probable label; from `fer_edge.track` the smoothed label, or "uncertain".
        confidence: probability of the most probable label, 0..1.
    """

    box: Box
    probabilities: dict[str, float]
    label: str
    confidence: float
    track: int | None = None


class Model:
    """A model file, ready to run; created by `fer_edge.load`.

    Attributes:
        path: path of the `.tflite` file.
        labels: class names, in the order of the output.
        precision: dtype of the input: "int8", "uint8" or "float32".
        input_shape: shape of the input, (1, 48, 48, 1).
        margin: margin of the crop around the face's box on each side, as a fraction of the box.
    """

    def __init__(self, path: Path, detector: Detector, *, threads: int = 1) -> None:
        """Load a model file.

        Args:
            path: path of the `.tflite` file.
            detector: face detector for images.
            threads: number of kernel threads.

        Raises:
            InputError: the file cannot be read or is not a model that fer-edge runs.
        """
        self.path = path
        self.margin = card_file.margin(path)
        self._detector = detector
        self._classifier = Classifier(path, threads=threads)
        self.labels: tuple[str, ...] = self._classifier.labels
        self.precision: str = self._classifier.precision
        self.input_shape = (1, FACE_SIZE, FACE_SIZE, 1)

    @property
    def card(self) -> dict[str, Any] | None:
        """The card next to the file: training data, recipe, accuracy; None if there is none.

        Raises:
            InputError: the card is not a JSON object.
        """
        import json

        path = card_file.card_path(self.path)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{path} is not a model card: export it again, or remove it") from (
                error
            )
        if not isinstance(content, dict):
            raise InputError(f"{path} is not a model card: export it again, or remove it")
        return content

    def predict(self, picture: Picture, *, largest: bool = False) -> list[Face]:
        """Find the faces in an image and classify each.

        Args:
            picture: path, array or PIL image; see `Picture`.
            largest: whether to classify only the largest face.

        Returns:
            The faces, the largest first; empty if there is none.

        Raises:
            InputError: the file is missing or not an image.
            ValueError: the array has another shape or dtype.

        Examples:
            >>> import fer_edge
            >>> model = fer_edge.load("zoo:nano")
            >>> model.predict("examples/portrait.png")[0].label  # doctest: +SKIP
            'happy'
        """
        found = recognize(
            as_array(picture), self._classifier, self._detector, margin=self.margin, largest=largest
        )
        return [Face(face.box, face.distribution, face.label, face.confidence) for face in found]

    def classify(self, faces: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Classify face crops without detection.

        Args:
            faces: gray face crops, uint8 [n, 48, 48] or [48, 48], raw pixels 0..255.

        Returns:
            Probabilities 0..1, float32 [n, labels] or [labels].

        Raises:
            ValueError: the array has another shape or dtype.
        """
        if faces.ndim == 2:
            return self._classifier(faces).copy()
        if not len(faces):
            return np.empty((0, len(self.labels)), np.float32)
        return np.stack([self._classifier(face).copy() for face in faces])

    def analyzer(
        self, *, every: int, largest: bool, smoothing: float, threshold: float | None
    ) -> "FaceAnalyzer":
        """Create an analyzer for the frames of one source; see `fer_edge.track`."""
        from device.tracking.analyzer import FaceAnalyzer

        return FaceAnalyzer(
            self._classifier,
            self._detector,
            every=every,
            largest=largest,
            margin=self.margin,
            smoothing=smoothing,
            threshold=card_file.threshold(self.path) if threshold is None else threshold,
        )

    def __repr__(self) -> str:
        """Path, precision and labels."""
        return f"Model({str(self.path)!r}, {self.precision}, labels={', '.join(self.labels)})"


def load(
    model: str | os.PathLike[str] | None = None,
    *,
    detector: str = "auto",
    detector_model: str | os.PathLike[str] | None = None,
    threads: int = 1,
) -> Model:
    """Load a model file.

    Args:
        model: path of a `.tflite` file, or `zoo:NAME`; the default model if None.
        detector: "haar", "yunet", or "auto": YuNet if installed, else Haar, as in the commands.
        detector_model: YuNet model file; the one that `fer-edge fetch yunet` downloaded if None.
        threads: number of kernel threads.

    Raises:
        InputError: there is no such model, file or detector.

    Examples:
        >>> import fer_edge
        >>> fer_edge.load("zoo:nano").labels
        ('angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral')
    """
    finder = open_detector(
        detector,
        model=None if detector_model is None else Path(detector_model),
        search_size=SEARCH_SIZE,
    )
    path = zoo.resolve(None if model is None else os.fspath(model))
    return Model(path, finder, threads=threads)


def as_array(picture: Picture) -> npt.NDArray[Any]:
    """Read an image given as path, array or PIL image; the channel order is BGR.

    Raises:
        InputError: the file is missing or not an image, or the object is of another type.
    """
    if isinstance(picture, np.ndarray):
        return picture
    if isinstance(picture, str | os.PathLike):
        return image_file.read(Path(picture))
    if hasattr(picture, "convert") and hasattr(picture, "size"):  # PIL, an optional package
        rgb = np.asarray(picture.convert("RGB"))
        return np.ascontiguousarray(rgb[:, :, ::-1])
    raise InputError(
        f"{type(picture).__name__} is not an image: give a path, an array or a PIL image"
    )


def labeled(labels: Sequence[str], probabilities: npt.NDArray[np.float32]) -> dict[str, float]:
    """Map each label to its probability."""
    return dict(zip(labels, probabilities.tolist(), strict=True))
