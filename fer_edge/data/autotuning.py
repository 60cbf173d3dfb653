"""Switches off tf.data's autotuning."""

from typing import Any


def without_autotuning(data: Any) -> Any:
    """Return a tf.data set that is not autotuned.

    The thread that autotunes sleeps for 10 ms, 20 ms, 40 ms, ... up to 60 s, and the end of an
    iterator waits until it wakes: an epoch of 11 s took 20.5 s. Our sets name their parallel calls,
    so there is nothing to tune.

    Args:
        data: `tf.data.Dataset`.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return data.with_options(options)
