"""Weight clustering: all weights of a kernel share a few values, which are trained.

Han et al. 2016, "Deep Compression", section 3. The same kernels are clustered as are pruned
(`quantization.pruning.magnitude`). Each kernel has one set of values. An int8 file has a scale per
output channel, so there each output channel has at most that many different int8 values, and
different channels have different ones.
"""

from typing import Any

from device.errors import InputError
from quantization.keras_layers import rebuild
from quantization.pruning.magnitude import pruned_kernels

FEWEST = 3
"""Minimum number of clusters: zero, one positive and one negative value."""


def cluster(model: Any, *, clusters: int, keep_zeros: bool) -> Any:
    """Wrap a model so that each weight takes the nearest of its kernel's shared values.

    The values are initialized by k-means++; training updates the values and the assignment of
    weights to values.

    Args:
        model: functional float Keras model without wrappers; not modified.
        clusters: number of values per kernel, including zero if zeros are kept; `FEWEST` or more.
        keep_zeros: whether weights that are zero now stay zero.

    Returns:
        The wrapped model, to be trained and then passed to `strip`.

    Raises:
        InputError: too few clusters, or no kernel with more weights than clusters.
    """
    import tensorflow_model_optimization as tfmot
    import tf_keras as keras
    from tensorflow_model_optimization.python.core.clustering.keras.experimental import (
        cluster as experimental,
    )

    if clusters < FEWEST:
        raise InputError(f"clusters is {clusters}: give {FEWEST} or more")
    chosen = {layer.name for layer, kernel in pruned_kernels(model) if kernel.size > clusters}
    if not chosen:
        raise InputError(f"{model.name} has no layer to cluster: remove [cluster]")
    init = tfmot.clustering.keras.CentroidInitialization.KMEANS_PLUS_PLUS

    def wrap(layer: Any) -> Any:
        if layer.name not in chosen:
            return layer
        return experimental.cluster_weights(layer, clusters, init, preserve_sparsity=keep_zeros)

    # tfmot initializes the values when it wraps a layer, so the layer must have its weights.
    return keras.models.clone_model(rebuild(model), clone_function=wrap)


def strip(model: Any) -> Any:
    """Remove the wrappers and return the model with the clustered weights.

    Args:
        model: trained model from `cluster`.
    """
    import tensorflow_model_optimization as tfmot

    if not clustering_wrappers(model):
        raise InputError(f"{model.name} has no clustering wrappers to strip")
    return rebuild(tfmot.clustering.keras.strip_clustering(model))


def clustering_wrappers(model: Any) -> list[Any]:
    """The clustering wrappers of a model, in layer order."""
    from tensorflow_model_optimization.python.core.clustering.keras.cluster_wrapper import (
        ClusterWeights,
    )

    return [layer for layer in model.layers if isinstance(layer, ClusterWeights)]
