"""Training with convolutions in bfloat16, for CPUs that multiply it twice as fast as float32."""

import logging
from pathlib import Path
from typing import Any, Literal

log = logging.getLogger(__name__)

CPU_INFO = Path("/proc/cpuinfo")
NATIVE = {"avx512_bf16", "amx_bf16", "bf16"}
"""Flags of processors that multiply bfloat16 themselves; Linux calls Arm's `bf16`."""

Setting = bool | Literal["auto"]
"""On, off, or on where the processor has it: one without emulates it ten times slower."""


def native() -> bool:
    """Whether this processor multiplies bfloat16; false where it does not say."""
    try:
        return not NATIVE.isdisjoint(CPU_INFO.read_text().split())
    except OSError:
        return False


def enabled(setting: Setting, what: str) -> bool:
    """Decide a setting on this machine, and say in the log what `auto` came to.

    Args:
        setting: of the recipe.
        what: the option's name, for the log.
    """
    if setting != "auto":
        return setting
    if native():
        log.info("%s: on, this processor computes bfloat16", what)
        return True
    log.warning("%s: off, this processor would emulate bfloat16", what)
    return False


def convolutions_in_bfloat16(model: Any) -> Any:
    """Rebuild a model with ordinary convolutions that compute in bfloat16.

    Variables stay float32 (Micikevicius et al. 2018, "Mixed precision training"), and so does what
    every other layer computes: TensorFlow's depthwise convolutions and BatchNorm are slower in
    bfloat16 than in float32.

    Args:
        model: a functional Keras model of float32 layers.

    Returns:
        A model with the same weights in the same order and float32 outputs.
    """
    import tf_keras as keras

    from quantization.keras_layers import rebuild

    def wrap(layer: Any) -> Any:
        # DepthwiseConv2D is no subclass of Conv2D.
        if not isinstance(layer, keras.layers.Conv2D):
            return layer
        return type(layer).from_config(layer.get_config() | {"dtype": "mixed_bfloat16"})

    return rebuild(model, wrap)
