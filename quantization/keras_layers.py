"""Helpers for Keras models and for the layers inside tfmot's wrappers."""

from importlib import import_module
from typing import Any

import numpy as np

from device.errors import InputError


def unwrap(layer: Any) -> Any:
    """Return the layer inside tfmot's pruning or quantization wrapper, or the layer itself."""
    from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import (
        QuantizeWrapper,
    )
    from tensorflow_model_optimization.python.core.sparsity.keras.pruning_wrapper import (
        PruneLowMagnitude,
    )

    return layer.layer if isinstance(layer, QuantizeWrapper | PruneLowMagnitude) else layer


def is_quantized(model: Any) -> bool:
    """Whether `quantization.qat.quantize_aware.quantize_aware` made this model."""
    return bool(quantize_wrappers(model))


def is_pruning(model: Any) -> bool:
    """Whether this model still carries the wrappers of `pruning.magnitude.prune`."""
    return bool(pruning_wrappers(model))


def quantize_wrappers(model: Any) -> list[Any]:
    """The wrappers of a model in quantization-aware training, in the order of its layers."""
    from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import (
        QuantizeWrapper,
    )

    return [layer for layer in model.layers if isinstance(layer, QuantizeWrapper)]


def pruning_wrappers(model: Any) -> list[Any]:
    """The wrappers of a model in pruning, in the order of its layers."""
    from tensorflow_model_optimization.python.core.sparsity.keras.pruning_wrapper import (
        PruneLowMagnitude,
    )

    return [layer for layer in model.layers if isinstance(layer, PruneLowMagnitude)]


def heads(model: Any) -> list[str]:
    """The names of a model's output layers without wrappers, in the order of its outputs."""
    return [unwrap(model.get_layer(name)).name for name in model.output_names]


def check_finite(model: Any) -> None:
    """Check that no weight of a model is NaN or infinite.

    The converters do not check this, and an int8 file with such scales crashes the process that
    loads it.

    Raises:
        InputError: some are; the message names the first such variable.
    """
    values = zip(model.weights, model.get_weights(), strict=True)
    bad = [(weight.name, value) for weight, value in values if not np.isfinite(value).all()]
    if bad:
        name, value = bad[0]
        raise InputError(
            f"{model.name} has {len(bad)} of {len(model.weights)} variables with NaN or infinite "
            f"values, such as {name} ({int(np.sum(~np.isfinite(value)))} of {value.size}): its "
            "training diverged; train again with a lower learning rate"
        )


def rebuild(model: Any, wrap: Any = lambda layer: layer) -> Any:
    """Rebuild the model from new, unwrapped layers with the same weights.

    Args:
        model: functional Keras model, wrapped for pruning or not.
        wrap: function from a new layer to the layer that replaces it.

    Returns:
        A model that shares no variable with the given one.
    """
    import tf_keras as keras

    def fresh(layer: Any) -> Any:
        inner = unwrap(layer)
        # A custom layer's config may leave out the name, which is the key to the weights below.
        return wrap(type(inner).from_config(inner.get_config() | {"name": inner.name}))

    built = keras.models.clone_model(model, clone_function=fresh)
    sources = {unwrap(layer).name: unwrap(layer) for layer in model.layers}
    for layer in built.layers:
        inner = unwrap(layer)
        inner.set_weights(sources[inner.name].get_weights())
    return built


def logits(model: Any) -> Any:
    """The model without its final softmax, if it has one; else the model itself.

    The conversion adds its own softmax. Accepts Keras 2 and Keras 3 models.

    Args:
        model: a functional or sequential Keras model with one output, whose softmax, if any, is
            the last layer or the last layer's activation.

    Raises:
        InputError: the model has several outputs.
    """
    if len(model.outputs) != 1:
        raise InputError(f"{model.name} has {len(model.outputs)} outputs: give a model with one")
    last = model.layers[-1]
    activation = getattr(getattr(last, "activation", None), "__name__", None)
    if type(last).__name__ != "Softmax" and activation != "softmax":
        return model
    keras = import_module(type(model).__module__.split(".")[0])
    if not last.weights:
        return keras.Model(model.inputs, last.input, name=model.name)
    linear = type(last).from_config(last.get_config() | {"activation": "linear"})
    net = keras.Model(model.inputs, linear(last.input), name=model.name)
    linear.set_weights(last.get_weights())
    return net
