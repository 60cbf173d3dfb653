"""Quantization-aware training: the float net computes with simulated int8 values.

Weights are quantized per output channel (dense layers: per tensor), symmetric to [-127, 127];
activations per tensor to [-128, 127] over a range that follows a moving average (Jacob et al. 2018,
"Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference") or
is fixed by calibration (`quantization.ranges`).
Dropout is not quantized: it is active in training as in the float net, and absent from the file.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from quantization.keras_layers import (
    check_finite,
    heads,
    is_pruning,
    is_quantized,
    quantize_wrappers,
    rebuild,
)
from quantization.normalization import Normalization
from quantization.pruning.magnitude import pruned_kernels
from quantization.qat import scheme as qat_scheme
from quantization.range_method import RangeMethod
from quantization.ranges import Range, estimate

INPUT_LAYER = "quantize_layer"
"""Name of the layer that quantizes the input pixels."""


def quantize_aware(
    model: Any, *, normalization: Normalization, keep_zeros: bool, clusters: int = 0
) -> Any:
    """Wrap a float model for quantization-aware training.

    The input range is fixed to that of pixels 0..255, so that the int8 input of the finished file
    is exactly pixel - 128. Weight ranges are those of the given model; activation ranges are
    tfmot's initial [-6, 6] until `calibrate`.

    Args:
        model: functional float Keras model from normalized pixels to logits, without pruning
            wrappers; not modified.
        normalization: normalization of the model's input.
        keep_zeros: whether weights that are zero now stay zero (prune-preserving training). The
            mask is computed from the weights of `model` and is not a variable: to resume from a
            checkpoint, wrap the same parent again and restore into it.
        clusters: maximum number of distinct values. Kernels of the pruning rule that have at most
            this many keep their number (cluster-preserving training).

    Returns:
        A model with the same outputs in the same order; the output layers are named `quant_HEAD`.

    Raises:
        InputError: the model is already wrapped, has NaN or infinite weights, or has a layer that
            the 8-bit scheme does not support.
    """
    import tensorflow_model_optimization as tfmot
    from tensorflow_model_optimization.python.core.quantization.keras.quantize_layer import (
        QuantizeLayer,
    )

    if is_quantized(model):
        raise InputError(f"{model.name} is in quantization-aware training already")
    if is_pruning(model):
        raise InputError(f"{model.name} is still being pruned: strip it before quantization")
    check_finite(model)
    keras_quantization = tfmot.quantization.keras
    clustered = {
        layer.name for layer, kernel in pruned_kernels(model) if len(np.unique(kernel)) <= clusters
    }
    scheme = qat_scheme.scheme(keep_zeros=keep_zeros, clustered=clustered)
    try:
        with keras_quantization.quantize_scope():
            annotated = keras_quantization.quantize_annotate_model(rebuild(model))
            quantized = keras_quantization.quantize_apply(annotated, scheme=scheme)
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{model.name} cannot be trained for int8: {error}") from error
    if heads(quantized) != heads(model):
        raise InputError(f"{model.name} cannot be trained for int8: tfmot reorders its outputs")

    inputs = [layer for layer in quantized.layers if isinstance(layer, QuantizeLayer)]
    if len(inputs) != 1:
        raise InputError(f"{model.name} has {len(inputs)} inputs: give a model with one")
    # Keras numbers unnamed layers per process, and the converter derives tensor names from layer
    # names: a fixed name makes the file reproducible.
    inputs[0]._name = INPUT_LAYER
    # tfmot would update the range with every batch; the range of pixels is known.
    low, high = normalization.range
    inputs[0].quantizer = keras_quantization.quantizers.FixedQuantizer(
        num_bits=8, init_min=low, init_max=high, narrow_range=False
    )
    qat_scheme.train_values_alone(quantize_wrappers(quantized))
    update_weight_ranges(quantized)
    return quantized


def calibrate(
    model: Any,
    images: npt.NDArray[np.uint8],
    *,
    normalization: Normalization,
    ranges: RangeMethod = "moving_average",
) -> None:
    """Initialize the activation ranges from data, instead of at [-6, 6].

    tfmot updates a range with momentum 0.999 per step, so in a training of a few hundred steps most
    of the 256 values would otherwise lie outside the data. Call it once, before the first step is
    traced; restoring a checkpoint replaces the ranges.

    Args:
        model: model from `quantize_aware`.
        images: a few hundred training images, uint8 [n, 48, 48].
        normalization: normalization of the model's input.
        ranges: range estimator; with all but "moving_average" the ranges are fixed in training.
    """
    if len(images) == 0:
        raise InputError("calibration of the ranges needs at least one training image")
    wrappers = quantize_wrappers(model)
    activations = [a for wrapper in wrappers for a in wrapper._quantize_activations]
    kept = [activation.quantizer for activation in activations]
    kept_outputs = [wrapper._output_quantizers for wrapper in wrappers]

    def replace(quantizer: Any) -> None:
        for activation in activations:
            activation.quantizer = quantizer
        for wrapper, outputs in zip(wrappers, kept_outputs, strict=True):
            wrapper._output_quantizers = [quantizer for _ in outputs]

    try:
        replace(_range_quantizer(lambda values: estimate(values, ranges)))
        # Run eagerly, so that each layer's range is set before its output reaches the next layer.
        model(normalization.apply(images), training=False)
    finally:
        for activation, quantizer in zip(activations, kept, strict=True):
            activation.quantizer = quantizer
        for wrapper, outputs in zip(wrappers, kept_outputs, strict=True):
            wrapper._output_quantizers = outputs
    if ranges != "moving_average":
        replace(_range_quantizer(None))


def update_weight_ranges(model: Any) -> None:
    """Recompute the weight ranges from the current weights.

    A training step does this. Call it after setting weights by other means, such as a moving
    average, before the model is evaluated or converted.

    Args:
        model: what `quantize_aware` returned.
    """
    for wrapper in quantize_wrappers(model):
        for weight, quantizer, variables in wrapper._weight_vars:
            quantizer(weight, True, weights=variables)


def set_batchnorm_frozen(model: Any, frozen: bool) -> int:
    """Freeze or unfreeze BatchNorm: frozen, training uses the running statistics unchanged.

    In the finished file BatchNorm is a fixed scale and offset folded into the convolution before
    it. Freezing simulates that in training and removes the noise of batch statistics
    (Krishnamoorthi 2018, "Quantizing deep convolutional networks for efficient inference",
    section 4.3). Scale and offset (gamma, beta) are still trained, and the set of trainable
    variables does not change.

    A `tf.function` traced earlier keeps its behavior: retrace the training step after a change,
    and set the state again after a restore (checkpoints do not contain it).

    Args:
        model: what `quantize_aware` returned.
        frozen: the new state.

    Returns:
        Number of layers that changed; 0 means that no retracing is needed.
    """
    import tf_keras as keras

    changed = 0
    for wrapper in quantize_wrappers(model):
        layer = wrapper.layer
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable == frozen:
            # The wrapper lists gamma and beta in its own trainable weights.
            layer.trainable = not frozen
            changed += 1
    return changed


def _range_quantizer(estimator: Callable[[Any], Range] | None) -> Any:
    """A quantizer with a fixed range, set by the estimator from the data if one is given."""
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot

    class RangeQuantizer(tfmot.quantization.keras.quantizers.Quantizer):
        def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
            raise NotImplementedError("replaces a quantizer that is already built")

        def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
            low, high = weights["min_var"], weights["max_var"]
            if estimator:
                found = estimator(inputs.numpy())
                low.assign(found[0])
                # Not empty, even if all values are 0.
                high.assign(max(found[1], 1e-3))
            return tf.quantization.fake_quant_with_min_max_vars(inputs, low, high)

        def get_config(self) -> dict[str, Any]:
            return {}

    return RangeQuantizer()
