"""Training with bfloat16 convolutions, for CPUs that compute them twice as fast as float32."""

import logging
from pathlib import Path
from typing import Any, Literal

log = logging.getLogger(__name__)

CPU_INFO = Path("/proc/cpuinfo")
NATIVE = {"avx512_bf16", "amx_bf16", "bf16"}
"""CPU flags of native bfloat16 arithmetic; Linux reports it as `bf16` on Arm."""

Setting = bool | Literal["auto"]
"""On, off, or on if the processor supports it; emulation is ten times slower."""


def native() -> bool:
    """Whether this processor supports bfloat16; false if unknown."""
    try:
        return not NATIVE.isdisjoint(CPU_INFO.read_text().split())
    except OSError:
        return False


def enabled(setting: Setting, what: str) -> bool:
    """Resolve a setting on this machine and log the result of `auto`.

    Args:
        setting: value in the recipe.
        what: name of the option, for the log.
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

    Variables stay float32 (Micikevicius et al. 2018, "Mixed precision training"), and so do all
    other
    layers: TensorFlow's depthwise convolutions and BatchNorm are slower in bfloat16 than in
        float32.

    Args:
        model: a functional Keras model of float32 layers.

    Returns:
        A model with the same weights in the same order and float32 outputs.
    """
    import tf_keras as keras

    from quantization.keras_layers import rebuild

    def wrap(layer: Any) -> Any:
        # DepthwiseConv2D is not a subclass of Conv2D.
        if not isinstance(layer, keras.layers.Conv2D):
            return layer
        return type(layer).from_config(layer.get_config() | {"dtype": "mixed_bfloat16"})

    return rebuild(model, wrap)
