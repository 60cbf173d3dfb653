"""The text model: n-gram embedding bags, a convolution over words, two poolings, a linear layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.modalities.text.recipe import TextRecipe

Weights = dict[str, NDArray[np.float32]]

BAG_SCALE = 0.2
"""Factor of the sum over all words that brings it to the scale of the other features."""


def initial(recipe: TextRecipe, labels: int) -> Weights:
    """Initialize the weights.

    Returns:
        `table` [buckets + 1, embedding], whose first row is 0; `kernel` [width, embedding,
        filters] and `bias`; `out` [filters + embedding, labels] and `out_bias`.
    """
    rng = np.random.default_rng(recipe.seed)
    net, size = recipe.net, recipe.net.embedding

    def normal(*shape: int, scale: float) -> NDArray[np.float32]:
        return (scale * rng.standard_normal(shape)).astype(np.float32)

    table = normal(recipe.features.buckets + 1, size, scale=0.05)
    table[0] = 0
    kernel = normal(net.kernel, size, net.filters, scale=np.sqrt(2 / (net.kernel * size)))
    return {
        "table": table,
        "kernel": kernel,
        "bias": np.zeros(net.filters, np.float32),
        "out": normal(net.filters + size, labels, scale=0.1),
        "out_bias": np.zeros(labels, np.float32),
    }


def logits(weights: Mapping[str, Any], ids: Any, *, words: Any = None, keep: Any = None) -> Any:
    """Compute the logits in TensorFlow.

    Args:
        weights: variables or constants, named as by `initial`; row 0 of the table is padding.
        ids: int32 [n, words, n-grams].
        words: float32 [n, words, 1], factor of each word vector; None for 1.
        keep: float32 [n, features], factor of each pooled feature; None for 1.

    Returns:
        float32 [n, labels].
    """
    import tensorflow as tf

    bags = tf.reduce_sum(tf.gather(weights["table"], ids), axis=2)
    if words is not None:
        bags *= words
    kernel = tf.expand_dims(weights["kernel"], 0)
    rows = tf.nn.conv2d(tf.expand_dims(bags, 1), kernel, 1, "SAME")
    heard = tf.reduce_max(tf.nn.relu(rows + weights["bias"]), axis=[1, 2])
    features = tf.concat([heard, tf.reduce_sum(bags, axis=1) * BAG_SCALE], axis=1)
    if keep is not None:
        features *= keep
    return features @ weights["out"] + weights["out_bias"]


def adjusted(weights: Weights, prior: NDArray[np.float64], exponent: float) -> Weights:
    """Divide a power of the class prior out of the predictions by shifting the last bias."""
    bias = weights["out_bias"] - exponent * np.log(prior)
    return weights | {"out_bias": bias.astype(np.float32)}


def scaled(weights: Weights, temperature: float) -> Weights:
    """Divide the logits by a temperature by scaling the last layer."""
    return weights | {
        name: (weights[name] / temperature).astype(np.float32) for name in ("out", "out_bias")
    }
