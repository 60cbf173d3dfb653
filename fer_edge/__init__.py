"""Learn: labelled faces and a recipe in, a Keras model out; the command line and the pipeline."""

from importlib.metadata import version

__version__ = version("fer-edge")
