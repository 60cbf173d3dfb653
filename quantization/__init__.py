"""Compression: turns a Keras model into pruned, quantized `.tflite` files with model cards."""

import os

# tensorflow-model-optimization only supports Keras 2 objects; TensorFlow reads this on loading.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
