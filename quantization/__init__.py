"""Shrink: a Keras model in, pruned and quantized `.tflite` files out, each with its card."""

import os

# tensorflow-model-optimization works on Keras 2 objects alone; TensorFlow reads this as it loads.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
