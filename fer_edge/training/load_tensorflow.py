"""TensorFlow without the lines that it prints on standard error while it loads."""

import os

from device.system.stderr import suppress_stderr


def load_tensorflow() -> None:
    """Load TensorFlow and Keras 2, quietly; after that an import of either costs nothing."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with suppress_stderr():
        import tensorflow
        import tensorflow_model_optimization
        import tf_keras

        # Warnings that one process traces many steps: it does, for a run has many trainings.
        tensorflow.get_logger().setLevel("ERROR")
        tensorflow.config.list_physical_devices()  # looks for a GPU, and complains without one
        del tensorflow, tensorflow_model_optimization, tf_keras
