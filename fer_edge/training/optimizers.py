"""Optimizers and the learning rate over the steps."""

import bisect
import math
from typing import Any

from fer_edge.recipe import Phase


def learning_rate(phase: Phase, step: int, steps_per_epoch: int) -> float:
    """Learning rate at a step: a linear warm-up, then a cosine to zero or a constant.

    With restarts, the part between two of them is such a schedule (SGDR, Loshchilov & Hutter 2017).

    Args:
        phase: the recipe section of the training.
        step: number of steps done, from 0.
        steps_per_epoch: number of steps per epoch.
    """
    restarts = [epoch for epoch in phase.restarts if epoch < phase.epochs]
    bounds = [epoch * steps_per_epoch for epoch in (0, *restarts, phase.epochs)]
    part = bisect.bisect_right(bounds[:-1], step) - 1
    total, step = bounds[part + 1] - bounds[part], step - bounds[part]
    warmup = phase.warmup_epochs * steps_per_epoch
    if step < warmup:
        return phase.learning_rate * (step + 1) / (warmup + 1)
    if phase.schedule == "constant":
        return phase.learning_rate
    done = (step - warmup) / max(total - warmup, 1)
    return phase.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def build(phase: Phase, variables: list[Any]) -> Any:
    """The optimizer of a phase, with its slots created so that a checkpoint can restore them.

    AdamW decays kernels only, not biases or BatchNorm's scale and offset.

    Args:
        phase: the recipe section of the training.
        variables: the trainable variables.
    """
    import tf_keras as keras

    rate = phase.learning_rate
    if phase.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=phase.weight_decay, jit_compile=False)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    elif phase.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate, jit_compile=False)
    else:
        optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, jit_compile=False)
    optimizer.build(variables)
    return optimizer
