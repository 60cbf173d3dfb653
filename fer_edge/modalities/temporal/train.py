"""Training of the temporal head with a loss on every frame."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.tracking.temporal import features
from fer_edge.modalities.temporal import net
from fer_edge.modalities.temporal.recipe import TemporalRecipe, Train
from fer_edge.modalities.temporal.sequences import Sequences


def train(
    recipe: TemporalRecipe,
    data: Sequences,
    val: Sequences,
    epoch_done: Callable[[int, float, float], None] = lambda epoch, loss, accuracy: None,
) -> Any:
    """Train a head from scratch.

    Args:
        recipe: training recipe.
        data: training sequences.
        val: sequences on which the epoch is chosen.
        epoch_done: callback with the epoch, from 1, its mean loss, and the frame accuracy on val.

    Returns:
        The Keras model of `net.build` with the weights of the best epoch.
    """
    import tensorflow as tf
    from tf_keras import optimizers, utils

    options = recipe.train
    utils.set_random_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    labels = data.probabilities.shape[-1]
    model = net.build(recipe.net, labels)
    steps = max(1, len(data) // options.batch_size)
    rate = optimizers.schedules.CosineDecay(options.learning_rate, options.epochs * steps)
    optimizer = optimizers.Adam(rate, clipnorm=1.0)

    @tf.function(reduce_retracing=True)
    def step(values: Any, classes: Any, weights: Any) -> Any:
        with tf.GradientTape() as tape:
            target = tf.one_hot(classes, labels)
            target = target * (1 - options.label_smoothing) + options.label_smoothing / labels
            each = tf.nn.softmax_cross_entropy_with_logits(target, model(values, training=True))
            loss = tf.reduce_sum(each * weights) / tf.reduce_sum(weights)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    on_val = features(val.probabilities, val.elapsed)
    best, kept = -1.0, model.get_weights()
    for epoch in range(1, options.epochs + 1):
        losses = []
        for chosen in np.array_split(random.permutation(len(data)), steps):
            values = features(_flattened(data.probabilities[chosen], options, random),
                              data.elapsed[chosen])  # fmt: skip
            weights = data.valid[chosen].astype(np.float32)
            losses.append(float(step(values, data.classes[chosen], weights)))
        answers = model(on_val, training=False).numpy().argmax(axis=-1)
        accuracy = float((answers == val.classes)[val.valid].mean())
        if accuracy > best:
            best, kept = accuracy, model.get_weights()
        epoch_done(epoch, float(np.mean(losses)), accuracy)
    model.set_weights(kept)
    return model


def _flattened(
    probabilities: NDArray[np.float32], options: Train, random: np.random.Generator
) -> NDArray[np.float32]:
    """Raise the probabilities of each sequence to a random power."""
    powers = random.uniform(*options.temperature, size=(len(probabilities), 1, 1))
    return np.asarray(np.maximum(probabilities, 0) ** powers, np.float32)
