"""Schemes of quantization-aware training that keep what pruning and clustering gained.

They know two layers more than tfmot's: hard-swish, and the product of squeeze-and-excite.

tfmot has one scheme that keeps zeros and one that keeps clusters as well, each for all layers of a
net; the latter shares a quantizer between layers and forgets the zeros of all once it meets a layer
that has none. Here each clustered layer has a quantizer of its own, and the others keep zeros.
"""

from collections.abc import Collection
from typing import Any


def scheme(*, keep_zeros: bool, clustered: Collection[str]) -> Any:
    """Make a quantize scheme for `quantize_apply`.

    Args:
        keep_zeros: whether weights that are zero when the net is wrapped stay zero.
        clustered: names of the layers whose kernels keep the number of their distinct values.
    """
    import tensorflow_model_optimization as tfmot
    import tf_keras as keras
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_configs as configs,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_scheme as default,
    )

    from quantization.qat.hard_swish import HardSwish

    combine = tfmot.experimental.combine
    others = (
        combine.Default8BitPrunePreserveQuantizeScheme()
        if keep_zeros
        else default.Default8BitQuantizeScheme()
    )

    # No weights, and an int8 kernel of their own: it is the output that is rounded.
    output_alone = (HardSwish, keras.layers.Multiply)

    class Registry:
        def supports(self, layer: Any) -> bool:
            return isinstance(layer, output_alone) or others.get_quantize_registry().supports(layer)

        def get_quantize_config(self, layer: Any) -> Any:
            if isinstance(layer, output_alone):
                return configs.Default8BitOutputQuantizeConfig()
            if layer.name not in clustered:
                return others.get_quantize_registry().get_quantize_config(layer)
            own = combine.Default8BitClusterPreserveQuantizeScheme(preserve_sparsity=keep_zeros)
            return own.get_quantize_registry().get_quantize_config(layer)

    class Scheme(default.Default8BitQuantizeScheme):
        def get_quantize_registry(self) -> Any:
            return Registry()

    return Scheme()


def train_values_alone(wrappers: Collection[Any]) -> None:
    """Take the kernels of clustered layers out of the variables that train.

    There the values and the kernel behind them train; the kernel itself is set from these two and
    gets no gradient.

    Args:
        wrappers: tfmot's wrappers of the clustered layers.
    """
    for wrapper in wrappers:
        for kernel, _, variables in wrapper._weight_vars:
            if "cluster_centroids_tf" in variables:
                wrapper._trainable_weights = [
                    weight for weight in wrapper._trainable_weights if weight is not kernel
                ]
                wrapper._non_trainable_weights.append(kernel)
