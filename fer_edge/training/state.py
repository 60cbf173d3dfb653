"""Training state and its checkpoints."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.errors import InputError
from fer_edge.recipe import Phase
from fer_edge.training import optimizers
from fer_edge.training.ema import WeightAverage

logger = logging.getLogger(__name__)

FOLDER = "checkpoints"
"""Name of the checkpoint folder inside the training folder."""


@dataclass(frozen=True)
class State:
    """State of a training besides the model; checkpoints contain both.

    Attributes:
        optimizer: Keras optimizer with its slot variables.
        ema: moving average of the weights.
        done: int64 variable, number of completed epochs.
        manager: TensorFlow's checkpoint manager.
    """

    optimizer: Any
    ema: WeightAverage
    done: Any
    manager: Any

    def save(self) -> None:
        """Write a checkpoint.

        Raises:
            InputError: it cannot be written, as on a full disk; the last one is kept.
        """
        folder = Path(self.manager.directory)
        with writing(folder):
            self.manager.save()

    def variables(self, model: Any) -> list[Any]:
        """Return all variables in the checkpoints, in the same order on every worker."""
        return [*model.variables, *self.optimizer.variables, *self.ema.shadows, self.done]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn TensorFlow's errors of writing to a path into one line.

    Raises:
        InputError: the path cannot be written, as on a full disk.
    """
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        # For example "{{function_node ...}} PATH.data-00000; File too large [Op:SaveV2]".
        reason = error.message.splitlines()[0].partition(" [Op:")[0].rpartition("; ")[2]
        raise InputError(f"{path}: cannot be written ({reason})") from error


def restore(model: Any, phase: Phase, out: Path, *, ema: float) -> State:
    """Restore a training and its model from the last readable checkpoint, or start a new one.

    Args:
        model: Keras model to train.
        phase: recipe section of the training.
        out: folder of the training.
        ema: decay of the averaged weights; 0 for none.

    Raises:
        InputError: there are checkpoints, but none can be read.
    """
    import tensorflow as tf

    optimizer = optimizers.build(phase, model.trainable_variables)
    average = WeightAverage(model, ema)
    done = tf.Variable(0, trainable=False, dtype=tf.int64, name="epochs_done")
    checkpoint = tf.train.Checkpoint(
        model=model, optimizer=optimizer, average=average.shadows, epochs_done=done
    )
    _ = checkpoint.save_counter  # creates the variable here, in the same order on all workers
    folder = out / FOLDER
    _restore_latest(checkpoint, folder)
    _drop_unreadable_index(folder / "checkpoint")
    manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=2)
    return State(optimizer, average, done, manager)


def _restore_latest(checkpoint: Any, folder: Path) -> None:
    """Restore the newest intact checkpoint; TensorFlow verifies checksums while reading."""
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
            logger.warning("skipped %s, which is damaged", prefix)
        else:
            return
    if last_error is not None:
        raise InputError(
            f"{folder}: no checkpoint can be read ({last_error}): delete {folder.parent} to "
            "restart the training"
        )


def _drop_unreadable_index(path: Path) -> None:
    """Remove the list of checkpoints if a power failure left it empty or truncated."""
    if path.is_file() and b"model_checkpoint_path" not in path.read_bytes():
        path.unlink()
