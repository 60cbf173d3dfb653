"""The state of a training, and its checkpoints."""

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.errors import InputError
from fer_edge.recipe import Phase
from fer_edge.training import optimizers
from fer_edge.training.ema import WeightAverage

logger = logging.getLogger(__name__)

FOLDER = "checkpoints"
"""Folder of the checkpoints, in the folder of the training."""


@dataclass(frozen=True)
class State:
    """What a training carries from epoch to epoch besides the model; its checkpoints hold both.

    Attributes:
        optimizer: Keras optimizer with its slots.
        ema: moving average of the weights.
        done: int64 variable, number of whole epochs done.
        manager: TensorFlow's checkpoint manager.
    """

    optimizer: Any
    ema: WeightAverage
    done: Any
    manager: Any


def restore(model: Any, phase: Phase, out: Path, *, ema: float) -> State:
    """The state of a training, and the model's, from its last readable checkpoint; else new.

    Args:
        model: the Keras model that trains.
        phase: the recipe section of the training.
        out: folder of the training.
        ema: decay of the averaged weights; 0 for none.

    Raises:
        InputError: there are checkpoints and none of them can be read.
    """
    import tensorflow as tf

    optimizer = optimizers.build(phase, model.trainable_variables)
    average = WeightAverage(model, ema)
    done = tf.Variable(0, trainable=False, dtype=tf.int64, name="epochs_done")
    checkpoint = tf.train.Checkpoint(
        model=model, optimizer=optimizer, average=average.shadows, epochs_done=done
    )
    folder = out / FOLDER
    _restore_latest(checkpoint, folder)
    _drop_unreadable_index(folder / "checkpoint")
    manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=2)
    return State(optimizer, average, done, manager)


def _restore_latest(checkpoint: Any, folder: Path) -> None:
    """Restore the newest checkpoint that is whole; TensorFlow verifies checksums as it reads."""
    import tensorflow as tf

    numbers = sorted(
        (
            int(found[1])
            for path in folder.glob("ckpt-*")
            if (found := re.match(r"ckpt-(\d+)\.", path.name))
        ),
        reverse=True,
    )
    last_error = None
    for number in dict.fromkeys(numbers):
        prefix = folder / f"ckpt-{number}"
        try:
            checkpoint.restore(str(prefix)).assert_existing_objects_matched()
        except (tf.errors.OpError, AssertionError, LookupError, RuntimeError, ValueError) as error:
            last_error = (str(error).splitlines() or [type(error).__name__])[0][:200]
            logger.warning("%s is damaged and skipped", prefix)
        else:
            return
    if last_error is not None:
        raise InputError(
            f"{folder}: no checkpoint can be read ({last_error}): remove {folder.parent} to train "
            "from the start"
        )


def _drop_unreadable_index(path: Path) -> None:
    """Remove the list of checkpoints if a power cut left it empty or torn; it is written anew."""
    if path.is_file() and b"model_checkpoint_path" not in path.read_bytes():
        path.unlink()
