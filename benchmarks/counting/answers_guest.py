"""Guest program for the emulated and the host machine: runs `device` on faces and pictures.

    python answers_guest.py MODEL...

The folder contains `faces.npy`, uint8 [n, 48, 48], and the pictures 000.png, 001.png, ... with one
face each. Writes `answers.npz` with these arrays: by file name of the model, probabilities, float32
[n, labels], or, for names that begin with "logits" (models without softmax), the raw output, int8
[n, labels]; the boxes of the Haar cascade, int32 [pictures, 4]; and faces cropped from the middle
of the pictures, level and rotated, uint8 [2 pictures, 48, 48].
"""

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.counting.trusted_models import trust_models
from device.faces.align import FaceCropper
from device.faces.detector import open_detector
from device.geometry import Box
from device.model.classifier import Classifier
from device.model.runtime import find_runtime

ROLLS = (0.0, 0.2)
"""Roll angles in radians; a level face is resized, a rotated one is warped."""


def classify(path: str, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probabilities of each face."""
    classifier = Classifier(path)
    return np.stack([classifier(face).copy() for face in faces])


def logits(path: str, faces: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return the raw output of an int8 model for each face."""
    interpreter = find_runtime().module.Interpreter(path, num_threads=1)
    interpreter.allocate_tensors()
    (source,), (sink,) = interpreter.get_input_details(), interpreter.get_output_details()
    rows = []
    for face in faces:
        signed = (face ^ np.uint8(0x80)).view(np.int8)
        interpreter.set_tensor(source["index"], signed.reshape(source["shape"]))
        interpreter.invoke()
        rows.append(interpreter.get_tensor(sink["index"])[0])
    return np.stack(rows)


def main() -> None:
    """Classify the faces; detect and crop the faces of the pictures."""
    cv2.setNumThreads(1)
    trust_models()
    faces = np.load("faces.npy")
    answers: dict[str, Any] = {}
    for path in sys.argv[1:]:
        answers[path] = logits(path, faces) if path.startswith("logits") else classify(path, faces)
    detector, cropper = open_detector("haar"), FaceCropper()
    boxes, crops = [], []
    for file in sorted(Path().glob("*.png")):
        picture = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        gray = picture.astype(np.uint8)
        found = detector.find(gray)
        boxes.append(found[0].box if found else Box(0, 0, 0, 0))
        side = gray.shape[0] // 2
        crops += [cropper(gray, Box(side // 2, side // 2, side, side), r).copy() for r in ROLLS]
    np.savez("answers.npz", boxes=np.array(boxes, np.int32), crops=np.array(crops), **answers)


if __name__ == "__main__":
    main()
