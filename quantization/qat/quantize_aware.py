"""Quantization-aware training: the float net computes with the values that int8 will have.

Weights are quantized per output channel (dense layers: per tensor), symmetric to [-127, 127];
activations per tensor to [-128, 127] over a range that follows a moving average (Jacob et al. 2018,
"Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference") or
stays where calibration put it (`quantization.ranges`).
Dropout passes through: it drops in training as in the float net, and no file contains it.
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
"""Name of the layer that quantizes the pixels."""


def quantize_aware(
    model: Any, *, normalization: Normalization, keep_zeros: bool, clusters: int = 0
) -> Any:
    """Wrap a float model for quantization-aware training.

    The input's range is pinned to that of pixels 0..255, so that in the finished file the input
    byte is pixel - 128 exactly; training does not move it. The ranges of the weights are those of
    the model given; the ranges of the activations are tfmot's start of [-6, 6] until `calibrate`.

    Args:
        model: a functional Keras model from normalized pixels to logits, float, not being pruned;
            it stays as it is.
        normalization: of the model's input.
        keep_zeros: whether weights that are zero now stay zero (prune-preserving training). The
            mask is made of the weights of `model`, and is no variable: to go on from a checkpoint,
            wrap the same parent again and restore into that.
        clusters: kernels of the pruning rule that have no more different values than that keep
            them so few (cluster-preserving training).

    Returns:
        A model with the same outputs in the same order, their layers named `quant_HEAD`.

    Raises:
        InputError: the model is wrapped already, has NaN or infinite weights, or a layer that the
            8-bit scheme cannot quantize.
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
    # Keras numbers unnamed layers by what the process has built before, and the converter takes
    # tensor names from layers: a fixed name keeps the file's bytes reproducible.
    inputs[0]._name = INPUT_LAYER
    # tfmot widens the range with every batch; the range of pixels is known.
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
    """Start the ranges of the activations where the data is, instead of at [-6, 6].

    tfmot moves a range by a thousandth of the way with each step, so a training of a few hundred
    steps would otherwise spend most of its 256 values outside the data. To be called once, before
    the first step is traced; what a checkpoint restores replaces the ranges.

    Args:
        model: what `quantize_aware` returned.
        images: uint8 [n, 48, 48], some hundred training images.
        normalization: of the model's input.
        ranges: how they are estimated; all but "moving_average" then stay as they are in training.
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
        # Eagerly, so that each layer's range is set before the next layer sees its output.
        model(normalization.apply(images), training=False)
    finally:
        for activation, quantizer in zip(activations, kept, strict=True):
            activation.quantizer = quantizer
        for wrapper, outputs in zip(wrappers, kept_outputs, strict=True):
            wrapper._output_quantizers = outputs
    if ranges != "moving_average":
        replace(_range_quantizer(None))


def update_weight_ranges(model: Any) -> None:
    """Fit the ranges of the weights to the weights as they are now.

    A training step does so by itself. It is needed after weights were set by other means, such as
    a moving average of them, before the model is evaluated or converted.

    Args:
        model: what `quantize_aware` returned.
    """
    for wrapper in quantize_wrappers(model):
        for weight, quantizer, variables in wrapper._weight_vars:
            quantizer(weight, True, weights=variables)


def set_batchnorm_frozen(model: Any, frozen: bool) -> int:
    """Make BatchNorm use its running statistics in training and leave them alone, or undo that.

    In the finished file BatchNorm is a fixed scale and offset folded into the convolution before
    it. Frozen, training sees just that, and the noise of batch statistics is gone (Krishnamoorthi
    2018, "Quantizing deep convolutional networks for efficient inference", section 4.3). Scale and
    offset (gamma, beta) go on training, and the model's trainable variables stay the same ones.

    A `tf.function` that was traced before keeps the former behavior: trace the training step anew
    after a change, and set the state again after a restore (no checkpoint holds it).

    Args:
        model: what `quantize_aware` returned.
        frozen: the new state.

    Returns:
        How many layers changed: 0 means that there is nothing to trace anew.
    """
    import tf_keras as keras

    changed = 0
    for wrapper in quantize_wrappers(model):
        layer = wrapper.layer
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable == frozen:
            # The wrapper lists gamma and beta among its own trainable weights.
            layer.trainable = not frozen
            changed += 1
    return changed


def _range_quantizer(estimator: Callable[[Any], Range] | None) -> Any:
    """A quantizer that takes the range as it is, after an estimate of it from what it sees."""
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot

    class RangeQuantizer(tfmot.quantization.keras.quantizers.Quantizer):
        def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
            raise NotImplementedError("stands in for a quantizer that is built")

        def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
            low, high = weights["min_var"], weights["max_var"]
            if estimator:
                found = estimator(inputs.numpy())
                low.assign(found[0])
                # Never empty, where all values are 0.
                high.assign(max(found[1], 1e-3))
            return tf.quantization.fake_quant_with_min_max_vars(inputs, low, high)

        def get_config(self) -> dict[str, Any]:
            return {}

    return RangeQuantizer()
