"""An exponential moving average of a net's weights (Polyak averaging), BatchNorm's included."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class WeightAverage:
    """Shadows of all floating-point weights of a model.

    The decay warms up as (1 + t) / (10 + t), so that the average forgets the random start.

    Attributes:
        shadows: one variable a weight; a checkpoint carries them.
    """

    def __init__(self, model: Any, decay: float) -> None:
        import tensorflow as tf

        self.decay = decay
        self.weights = [w for w in model.weights if w.dtype.is_floating] if decay else []
        self.shadows = [tf.Variable(w, trainable=False) for w in self.weights]

    def update(self, step: Any) -> None:
        """Move the shadows towards the weights; to be called in the graph of a step.

        Args:
            step: float32 scalar, steps done so far.
        """
        import tensorflow as tf

        if not self.shadows:
            return
        keep = tf.minimum(self.decay, (1.0 + step) / (10.0 + step))
        for shadow, weight in zip(self.shadows, self.weights, strict=True):
            shadow.assign_sub((1.0 - keep) * (shadow - weight))

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the block the model has the averaged weights."""
        raw = [weight.numpy() for weight in self.weights]
        for shadow, weight in zip(self.shadows, self.weights, strict=True):
            weight.assign(shadow)
        try:
            yield
        finally:
            for value, weight in zip(raw, self.weights, strict=True):
                weight.assign(value)
