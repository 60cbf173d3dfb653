"""Magnitude pruning in blocks, also for kernels of 1x1 convolutions.

tfmot's block sparsity supports only kernels of two axes, in a MobileNet only its heads. Only the
computation of the mask differs here; schedule, variables and wrapper are tfmot's.
"""

from typing import Any


def prune_in_blocks(wrapper: Any, block: tuple[int, int]) -> None:
    """Make a tfmot pruning wrapper mask whole blocks of its kernel.

    Args:
        wrapper: built wrapper of a dense layer or a 1x1 convolution.
        block: block size (neighboring inputs, neighboring outputs). Blocks are pruned by mean
            magnitude; the last block of an axis may be smaller.
    """
    import tensorflow as tf
    from tensorflow_model_optimization.python.core.sparsity.keras.pruning_impl import Pruning

    class BlockPruning(Pruning):
        def _maybe_update_block_mask(self, weights: Any) -> tuple[Any, Any]:
            inputs, outputs = weights.shape[-2:]
            magnitude = tf.reshape(tf.abs(weights), (1, inputs, outputs, 1))
            means = tf.nn.avg_pool2d(magnitude, block, block, "SAME")
            threshold, mask = self._update_mask(means[0, :, :, 0])
            mask = tf.repeat(tf.repeat(mask, block[0], axis=0), block[1], axis=1)
            return threshold, tf.reshape(mask[:inputs, :outputs], weights.shape)

    wrapper.pruning_obj = BlockPruning(
        training_step_fn=lambda: wrapper.pruning_step,
        pruning_vars=wrapper.pruning_vars,
        pruning_schedule=wrapper.pruning_schedule,
        block_size=(1, 1),
        block_pooling_type="AVG",
    )
