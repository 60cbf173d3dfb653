"""An untrained net for speech, converted once a session."""

from pathlib import Path

import numpy as np
import pytest

LABELS = ("angry", "happy", "neutral")


@pytest.fixture(scope="session")
def audio_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    from fer_edge.modalities.audio import export, net
    from fer_edge.modalities.audio.recipe import Net
    from fer_edge.training.load_tensorflow import load_tensorflow

    load_tensorflow()
    model = net.build(Net(filters=(4, 4, 8), embedding=8, units=6), len(LABELS), dropout=0.0)
    path = tmp_path_factory.mktemp("audio") / "untrained.tflite"
    frames = np.random.default_rng(0).normal(0, 1, (200, 64)).astype(np.float32)
    export.to_tflite(model, path, labels=LABELS, calibration=[frames])
    return path
