"""Weight clustering: all weights of a kernel share a few values, which training moves.

Han et al. 2016, "Deep Compression", section 3. The kernels are those that the pruning rule
(`quantization.pruning.magnitude`) names. They get one set of values for the whole kernel: an int8
file has a scale per output channel, so there each output channel has at most that many different
bytes, while those of different channels differ.
"""

from typing import Any

from device.errors import InputError
from quantization.keras_layers import rebuild
from quantization.pruning.magnitude import pruned_kernels

FEWEST = 3
"""Zero and a value on either side of it."""


def cluster(model: Any, *, clusters: int, keep_zeros: bool) -> Any:
    """Wrap a model so that the weights of a kernel take the nearest of its few values.

    The values start by k-means++ where the weights are; training moves the values and which weight
    belongs to which.

    Args:
        model: a functional Keras model, float, plain; it stays as it is.
        clusters: values of a kernel, zero among them where zeros are kept; `FEWEST` or more.
        keep_zeros: whether weights that are zero now stay zero.

    Returns:
        The wrapped model, to be trained, then given to `strip`.

    Raises:
        InputError: too few values, or no kernel that has more weights than that.
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
        raise InputError(f"{model.name} has no layer to cluster: leave out [cluster]")
    init = tfmot.clustering.keras.CentroidInitialization.KMEANS_PLUS_PLUS

    def wrap(layer: Any) -> Any:
        if layer.name not in chosen:
            return layer
        return experimental.cluster_weights(layer, clusters, init, preserve_sparsity=keep_zeros)

    # tfmot picks the values when it wraps: the layers have to have their weights by then.
    return keras.models.clone_model(rebuild(model), clone_function=wrap)


def strip(model: Any) -> Any:
    """Give the plain model with the clustered weights.

    Args:
        model: what `cluster` returned, trained.
    """
    import tensorflow_model_optimization as tfmot

    if not clustering_wrappers(model):
        raise InputError(f"{model.name} is not being clustered: there is nothing to strip")
    return rebuild(tfmot.clustering.keras.strip_clustering(model))


def clustering_wrappers(model: Any) -> list[Any]:
    """The wrappers of a model in clustering, in the order of its layers."""
    from tensorflow_model_optimization.python.core.clustering.keras.cluster_wrapper import (
        ClusterWeights,
    )

    return [layer for layer in model.layers if isinstance(layer, ClusterWeights)]
