"""Speech emotion: sources, log-mel features, voice activity detection and a stateful classifier.

Audio is not stored: a stream keeps the samples of one frame, the feature frames of one step and
the state of the model.
"""

from device.modalities.audio.stream import AudioStream

__all__ = ["AudioStream"]
