"""Imports TensorFlow without its output on standard error."""

import os

from device.system.stderr import suppress_stderr


def load_tensorflow() -> None:
    """Import TensorFlow, Keras 2 and the optimization toolkit without output on standard error."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with suppress_stderr():
        import tensorflow
        import tensorflow_model_optimization
        import tf_keras

        # It warns if a process traces many steps, which a pipeline run does.
        tensorflow.get_logger().setLevel("ERROR")
        tensorflow.config.list_physical_devices()  # warns if there is no GPU
        del tensorflow, tensorflow_model_optimization, tf_keras
