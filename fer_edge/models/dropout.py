"""Dropout with a checkpointed random state."""

from typing import Any


def dropout(x: Any, rate: float, *, seed: int) -> Any:
    """Dropout (Srivastava et al. 2014) whose masks are the same after a resume.

    Keras' own layer does not save its random state in checkpoints, so a resumed run would draw
    other masks than an uninterrupted one.

    Args:
        x: input, float32 `[n, features]`.
        rate: fraction of features set to zero in training; the others are scaled by 1 / (1 - rate).
        seed: RNG seed of the masks.
    """
    import tensorflow as tf
    import tf_keras as keras

    class SeededDropout(keras.layers.Layer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.generator = tf.random.Generator.from_seed(seed)

        def call(self, x: Any, training: bool = False) -> Any:
            if not training:
                return x
            kept = self.generator.uniform(tf.shape(x)) >= rate
            return tf.where(kept, x / (1 - rate), 0.0)

    return SeededDropout(name="dropout")(x)
