"""Guest program: one second of audio through features, voice activity detection and the model.

    python sound_guest.py SECONDS MODEL

The audio is a buzz in blocks of 0.1 s, like those of a microphone. The first second is not
recorded.
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.counting.guest import enter
from benchmarks.counting.trusted_models import trust_models
from device.modalities.audio.classifier import AudioClassifier
from device.modalities.audio.features import RATE, LogMel
from device.modalities.audio.voice import VoiceActivity

STAGES = ("features", "voice", "net")
"""Stages in the order of their plugin numbers, from 1."""

_BLOCKS = 10  # per second


def main() -> None:
    """Listen."""
    seconds, model = sys.argv[1:]
    trust_models()
    time = np.arange(RATE // _BLOCKS) / RATE
    block = np.float32(0.1) * np.sign(np.sin(2 * np.pi * 140 * time)).astype(np.float32)
    features, voice, net = LogMel(), VoiceActivity(), AudioClassifier(Path(model))
    for number in range((1 + int(seconds)) * _BLOCKS):
        recorded = number >= _BLOCKS
        enter(1 * recorded)
        frames = features(block)
        enter(2 * recorded)
        voice(frames)
        enter(3 * recorded)
        net.push(frames)
        enter(0)


if __name__ == "__main__":
    main()
