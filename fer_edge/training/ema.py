"""Exponential moving average of all weights (Polyak averaging), BatchNorm statistics included."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class WeightAverage:
    """Moving averages of all floating-point weights of a model.

    The decay warms up as (1 + t) / (10 + t), so that the random initialization is forgotten.

    Attributes:
        decay: decay per step, 0..1; 0 disables the average.
        weights: the model's floating-point variables.
        shadows: variables with the average of each weight; included in checkpoints.
    """

    def __init__(self, model: Any, decay: float) -> None:
        import tensorflow as tf

        self.decay = decay
        self.weights = [w for w in model.weights if w.dtype.is_floating] if decay else []
        self.shadows = [tf.Variable(w, trainable=False) for w in self.weights]

    def update(self, step: Any) -> None:
        """Update the averages; called inside the graph of a step.

        Args:
            step: float32 scalar, number of completed steps.
        """
        import tensorflow as tf

        if not self.shadows:
            return
        keep = tf.minimum(self.decay, (1.0 + step) / (10.0 + step))
        for shadow, weight in zip(self.shadows, self.weights, strict=True):
            shadow.assign_sub((1.0 - keep) * (shadow - weight))

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Set the model's weights to the averages within the block."""
        raw = [weight.numpy() for weight in self.weights]
        for shadow, weight in zip(self.shadows, self.weights, strict=True):
            weight.assign(shadow)
        try:
            yield
        finally:
            for value, weight in zip(raw, self.weights, strict=True):
                weight.assign(value)
