"""Magnitude pruning: the smallest weights become zero, individually or in a pattern.

The pruning rule: kernels of pointwise (1x1) convolutions and dense layers are pruned, since they
hold nearly all weights of a MobileNet. In a net without 1x1 convolutions, all convolutions but the
first are pruned instead. The first convolution, the heads and depthwise kernels are never pruned:
they have few weights, and accuracy is sensitive to them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from quantization.keras_layers import pruning_wrappers, rebuild, unwrap
from quantization.pruning.block import prune_in_blocks

Pattern = Literal["unstructured", "2:4", "block"]
"""unstructured: single weights, on a schedule. 2:4: two of every four neighboring inputs of an
output, from the first step on (Mishra et al. 2021, "Accelerating Sparse Deep Neural Networks").
block: whole blocks of neighboring weights, on a schedule; 1x1 convolutions and dense layers
only."""


@dataclass(frozen=True)
class Hook:
    """Callbacks of a training loop for a model from `prune`.

    The hook is stateless: masks, thresholds and steps are variables of the model, so a checkpoint
    of the model restores them, and the step comes from the loop.

    Attributes:
        wrappers: the layers that are being pruned.
    """

    wrappers: tuple[Any, ...]

    def before_step(self, step: int) -> None:
        """Set the number of the next step, counted from 0 over all epochs."""
        for wrapper in self.wrappers:
            wrapper.pruning_step.assign(step)

    def after_epoch(self) -> None:
        """Set the masked weights to zero; the last optimizer step may have changed them."""
        for wrapper in self.wrappers:
            wrapper.pruning_obj.weight_mask_op()


def prune(
    model: Any,
    *,
    sparsity: float,
    begin_step: int,
    end_step: int,
    frequency: int = 50,
    pattern: Pattern = "unstructured",
    block: tuple[int, int] = (8, 1),
) -> tuple[Any, Hook]:
    """Wrap a model so that training sets a share of its weights to zero.

    The share rises from 0 to `sparsity` as 1 - (1 - t)^3, where t runs from 0 at `begin_step` to 1
    at `end_step` (Zhu and Gupta 2017, "To prune, or not to prune", arXiv 1710.01878). Within each
    kernel the weights of smallest magnitude are pruned, or the blocks of smallest mean magnitude.
    The module docstring states which kernels are pruned.

    Args:
        model: functional Keras model; not modified.
        sparsity: share of zeros in each pruned kernel at the end, above 0 and below 1.
        begin_step: number of steps before the first mask update, 0 or more.
        end_step: number of steps before the last mask update, at most the number of training
            steps; the net recovers in the remaining ones.
        frequency: number of steps between mask updates; the first update is delayed where needed
            so that the last one falls on `end_step`.
        pattern: sparsity pattern, see `Pattern`; "2:4" has no schedule.
        block: block size for "block": neighboring inputs, neighboring outputs. Eight inputs of one
            output are adjacent in the file.

    Returns:
        The wrapped model, to be trained with `training=True`, and the hook for the loop.

    Raises:
        InputError: a number is out of range, or the model has nothing to prune.
    """
    import tensorflow_model_optimization as tfmot

    if not 0 < sparsity < 1:
        raise InputError(f"sparsity is {sparsity}: give a share above 0 and below 1")
    if not 0 <= begin_step < end_step:
        raise InputError(
            f"pruning from step {begin_step} to step {end_step}: begin at 0 or later, "
            "and end after the begin"
        )
    if frequency < 1:
        raise InputError(f"pruning frequency is {frequency}: give 1 step or more")
    if pattern == "2:4" and sparsity != 0.5:
        raise InputError(f"sparsity is {sparsity}: two of four weights are 0.5")
    if pattern == "block" and not (min(block) >= 1 and max(block) > 1):
        raise InputError(f"blocks of {block[0]} by {block[1]} weights: give more than one")
    chosen = {
        layer.name
        for layer, kernel in pruned_kernels(model)
        if pattern != "block" or _is_matrix(kernel)
    }
    if not chosen:
        raise InputError(f"{model.name} has no layer to prune: remove [prune] from the recipe")

    # tfmot updates masks at begin_step + k * frequency. Unless one of these is end_step, the
    # final sparsity is never reached.
    frequency = min(frequency, end_step - begin_step)
    begin_step += (end_step - begin_step) % frequency
    schedule = tfmot.sparsity.keras.PolynomialDecay(
        initial_sparsity=0.0,
        final_sparsity=sparsity,
        begin_step=begin_step,
        end_step=end_step,
        power=3,
        frequency=frequency,
    )

    def wrap(layer: Any) -> Any:
        if layer.name not in chosen:
            return layer
        return tfmot.sparsity.keras.prune_low_magnitude(
            layer,
            pruning_schedule=schedule,
            sparsity_m_by_n=(2, 4) if pattern == "2:4" else None,
        )

    wrapped = rebuild(model, wrap)
    wrappers = tuple(pruning_wrappers(wrapped))
    if pattern == "block":
        for wrapper in wrappers:
            prune_in_blocks(wrapper, block)
    return wrapped, Hook(wrappers)


def strip(model: Any) -> Any:
    """Remove the wrappers and return the model with the pruned weights at exactly zero.

    Args:
        model: trained model from `prune`; its masked weights are set to zero, nothing else changes.

    Returns:
        A new model with the layers and names of the one that was passed to `prune`.
    """
    wrappers = pruning_wrappers(model)
    if not wrappers:
        raise InputError(f"{model.name} has no pruning wrappers to strip")
    Hook(tuple(wrappers)).after_epoch()
    return rebuild(model)


def zero_fraction(model: Any) -> dict[str, Any]:
    """Share of zeros in the kernels that the pruning rule selects.

    Args:
        model: plain, wrapped for pruning, or in quantization-aware training.

    Returns:
        "overall": share of zeros in all these kernels together (0.0 to 1.0; 0.0 without such a
        kernel). "layers": share by layer name.
    """
    kernels = {layer.name: kernel for layer, kernel in pruned_kernels(model)}
    zeros = sum(int(np.sum(kernel == 0)) for kernel in kernels.values())
    size = sum(kernel.size for kernel in kernels.values())
    return {
        "overall": zeros / size if size else 0.0,
        "layers": {name: float(np.mean(kernel == 0)) for name, kernel in kernels.items()},
    }


def pruned_kernels(model: Any) -> Iterator[tuple[Any, npt.NDArray[np.float32]]]:
    """The unwrapped layers that the pruning rule selects, each with its kernel.

    Args:
        model: plain, wrapped for pruning, or in quantization-aware training.
    """
    import tf_keras as keras

    # DepthwiseConv2D is not a subclass of Conv2D, but Conv2DTranspose is.
    convolutions = [layer for layer in model.layers if type(unwrap(layer)) is keras.layers.Conv2D]
    pointwise = [layer for layer in convolutions[1:] if unwrap(layer).kernel_size == (1, 1)]
    dense = [
        layer
        for layer in model.layers
        if isinstance(unwrap(layer), keras.layers.Dense) and layer.name not in model.output_names
    ]
    for layer in (pointwise or convolutions[1:]) + dense:
        yield unwrap(layer), _kernel(layer)


def _is_matrix(kernel: npt.NDArray[np.float32]) -> bool:
    return max(kernel.shape[:-2], default=1) == 1


def _kernel(layer: Any) -> npt.NDArray[np.float32]:
    """The kernel variable: in quantization-aware training the attribute is only a tensor."""
    inner = unwrap(layer)
    quantized = getattr(layer, "_weight_vars", None)
    variable = quantized[0][0] if quantized else inner.kernel
    kernel: npt.NDArray[np.float32] = variable.numpy()
    return kernel
