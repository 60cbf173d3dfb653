"""Classification of a whole recording as one utterance, for training, evaluation and `predict`."""

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.modalities.audio.classifier import AudioClassifier
from device.modalities.audio.features import LogMel
from device.modalities.audio.voice import VoiceActivity


def speech_frames(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the log-mel frames that contain speech; pauses are dropped.

    Args:
        samples: float32 [n], -1..1, `RATE` samples per second.

    Returns:
        float32 [frames, BANDS].

    Raises:
        InputError: no frame contains speech.
    """
    frames = LogMel()(samples)
    if len(frames) == 0:
        raise InputError(f"only {len(samples):,} samples, less than one frame: use a longer file")
    voiced = VoiceActivity()(frames)
    if not voiced.any():
        raise InputError("no speech was detected: use a recording of speech")
    return frames[voiced]


def classify_clip(
    samples: npt.NDArray[np.float32], model: AudioClassifier
) -> npt.NDArray[np.float32]:
    """Classify a recording as one utterance.

    Args:
        samples: float32 [n], -1..1, `RATE` samples per second.
        model: speech model; its state is reset.

    Returns:
        Probabilities, float32 [labels].

    Raises:
        InputError: no frame contains speech.
    """
    frames = speech_frames(samples)
    model.reset()
    model.push(frames)
    model.finish()
    return model.probabilities()
