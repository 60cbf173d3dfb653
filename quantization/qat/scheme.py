"""Schemes of quantization-aware training that preserve pruned zeros and weight clusters.

They support three more layers than tfmot's: hard-swish, the mean over one axis, and products.

tfmot has one scheme that keeps zeros and one that also keeps clusters, each for all layers of a
net. The latter shares one quantizer between layers and loses the zeros of all layers once one layer
has none. Here each clustered layer has its own quantizer, and the other layers keep zeros.
"""

from collections.abc import Collection
from typing import Any


def scheme(*, keep_zeros: bool, clustered: Collection[str]) -> Any:
    """Make a quantize scheme for `quantize_apply`.

    Args:
        keep_zeros: whether weights that are zero when the net is wrapped stay zero.
        clustered: names of the layers whose kernels keep their number of distinct values.
    """
    import tensorflow_model_optimization as tfmot
    import tf_keras as keras
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_configs as configs,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_scheme as default,
    )

    from quantization.qat.axis_mean import AxisMean
    from quantization.qat.hard_swish import HardSwish

    combine = tfmot.experimental.combine
    others = (
        combine.Default8BitPrunePreserveQuantizeScheme()
        if keep_zeros
        else default.Default8BitQuantizeScheme()
    )

    # These have no weights and their own int8 kernel: only the output is quantized.
    output_alone = (AxisMean, HardSwish, keras.layers.Multiply)

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
    """Exclude the kernels of clustered layers from the trainable variables.

    The shared values and the original kernel are trained; the kernel itself is computed from these
    two and gets no gradient.

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
