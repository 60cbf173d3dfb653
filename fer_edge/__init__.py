"""Learn: labeled faces and a recipe in, a Keras model out; the command line and the pipeline."""

import os
from importlib.metadata import version

# tensorflow-model-optimization works on Keras 2 objects alone; TensorFlow reads this as it loads.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

__version__ = version("fer-edge")
