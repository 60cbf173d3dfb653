"""Compression: turns a Keras model into pruned, quantized `.tflite` files with model cards."""

import os

# tensorflow-model-optimization works on Keras 2 objects alone; TensorFlow reads this as it loads.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
