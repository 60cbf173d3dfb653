"""Optimizers and the learning rate schedule."""

import bisect
import math
from typing import Any

from fer_edge.recipe import Phase


def learning_rate(phase: Phase, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate at a step: linear warm-up, then cosine decay to 0 or constant.

    With restarts, the schedule repeats between restarts (SGDR, Loshchilov & Hutter 2017).

    Args:
        phase: recipe section of the training.
        step: number of completed steps.
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
    """Build the optimizer of a phase and its slots, so that a checkpoint can restore them.

    AdamW decays kernels only, not biases or BatchNorm's scale and offset.

    Args:
        phase: recipe section of the training.
        variables: trainable variables.
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
