"""Training loop of all training stages: float, pruning, clustering, quantization-aware.

A run that is killed and restarted resumes after its last completed epoch and ends with the same
weights, bit by bit, as an uninterrupted run: the checkpoint contains weights, optimizer, moving
average and the state of the dropout generator; shuffling, augmentation and schedule depend only on
the seed and the step. Keras' `fit` does not support exact resuming.
"""

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from device.errors import CheckFailedError, InputError
from fer_edge.models.net import by_head
from fer_edge.training import (
    distribution,
    history,
    input_pipeline,
    optimizers,
    state,
    validation,
    weights,
)
from fer_edge.training.distribution import Replicas
from fer_edge.training.ema import WeightAverage
from fer_edge.training.job import Job
from fer_edge.training.progress import Progress
from fer_edge.training.state import State

BOARD = "tensorboard"
"""Name of the folder of TensorBoard's files inside the training folder."""


def fit(model: Any, job: Job) -> list[dict[str, float]]:
    """Train a model, load the weights of the selected epoch and save them as `out/weights.npz`.

    With a distribution strategy every worker calls it; only the chief evaluates and writes files.

    Args:
        model: Keras model from normalized pixels to logits per head, in the order of the targets of
            `job.train`.
        job: data, recipe and folder. If the chief's folder contains the checkpoint of an
            interrupted training, that training is resumed.

    Returns:
        The history, one row per epoch. It is empty on workers other than the chief, whose model
        keeps the weights of the last epoch.

    Raises:
        InputError: there are fewer training images than one batch, the batch size is not a multiple
            of the number of replicas, a checkpoint or shard is damaged, or a file cannot be
            written.
        CheckFailedError: the loss or the weights are not finite. The last checkpoint is that of the
            previous epoch.
    """
    import tensorflow as tf

    steps = job.train.steps
    if steps == 0:
        raise InputError(
            f"{len(job.train.first)} training images do not fill a batch of {job.train.own}: set "
            "train.batch"
        )
    replicas = distribution.current()
    replicas.check(job.train.batch)
    tf.config.experimental.enable_op_determinism()
    job.out.mkdir(parents=True, exist_ok=True)
    kept = state.restore(model, job.phase, job.out, ema=job.ema)
    replicas.copy_from_chief(kept.variables(model))
    record = _Record(model, job, kept) if replicas.is_chief else None
    first = int(kept.done.numpy())
    epochs = range(first, job.phase.epochs)
    data = input_pipeline.training(
        job.train,
        seed=job.seed,
        epochs=epochs,
        augment=job.augment,
        normalization=job.normalization,
        side=job.side,
        soft_targets=job.soft_targets,
        columns=replicas.columns,
        occlusion_weight=job.occlusion_weight,
    )
    step = None
    total = job.phase.epochs * steps
    with Progress(job.title, total, first * steps, quiet=not replicas.is_chief) as progress:
        for epoch, images in zip(epochs, data, strict=True):
            if job.hooks.before_epoch(epoch) or step is None:
                step = _train_step(model, kept.optimizer, kept.ema, job, replicas)
            losses, started = [], time.monotonic()
            for i, (x, targets) in enumerate(_readable(images), start=epoch * steps):
                job.hooks.before_step(i)
                kept.optimizer.learning_rate.assign(optimizers.learning_rate(job.phase, i, steps))
                losses.append(float(step(*replicas.split(x, targets))))
                if not math.isfinite(losses[-1]):
                    where = f"epoch {epoch + 1}, step {i - epoch * steps + 1} of {steps}"
                    raise _diverged(job, f"the loss is {losses[-1]} in {where}")
                progress.advance()
            job.hooks.after_epoch(epoch)
            if not all(np.isfinite(w.numpy()).all() for w in (*model.weights, *kept.ema.shadows)):
                raise _diverged(job, f"weights are not finite after epoch {epoch + 1}")
            row = {"epoch": epoch + 1.0, "loss": float(np.mean(losses))}
            row["seconds"] = round(time.monotonic() - started, 1)
            kept.done.assign(epoch + 1)
            if record:
                record.add(row)
                progress.report(f"epoch {epoch + 1}/{job.phase.epochs}", row)
                job.hooks.after_checkpoint(row)
    return record.finish() if record else []


class _Record:
    """Evaluates, selects and saves after each epoch, on the chief.

    Raises:
        InputError: the training is complete but its weights are missing.
    """

    def __init__(self, model: Any, job: Job, kept: State) -> None:
        import tensorflow as tf

        self._model, self._job, self._state = model, job, kept
        done = int(kept.done.numpy())
        if done == job.phase.epochs and not (job.out / "weights.npz").exists():
            raise InputError(
                f"{job.out}: weights.npz is missing: delete {job.out} to train it again"
            )
        self._rows = [row for row in history.load(job.out / "history.csv") if row["epoch"] <= done]
        self._board = tf.summary.create_file_writer(str(job.out / BOARD))
        self._forward = validation.forward_of(model)

    def add(self, row: dict[str, float]) -> None:
        """Evaluate an epoch, add the metrics to its row, and save everything."""
        import tensorflow as tf

        job = self._job
        with self._state.ema.applied():
            row |= validation.evaluate(self._forward, job)
            self._rows.append(row)
            if _selected(self._rows, job) is row:
                weights.save(self._model, job.out / "weights.npz")
        history.save(self._rows, job.out / "history.csv")
        with state.writing(job.out / BOARD), self._board.as_default(step=int(row["epoch"])):
            for name, value in row.items():
                tf.summary.scalar(name, value)
            self._board.flush()
        self._state.save()

    def finish(self) -> list[dict[str, float]]:
        """Plot the history, load the selected weights, and return the history."""
        job, rows = self._job, self._rows
        history.draw(rows, _selected(rows, job), job.out / "curves.png", title=job.title)
        weights.load(self._model, job.out / "weights.npz")
        return rows


def _readable(images: Any) -> Iterator[Any]:
    """Yield the batches; raises InputError if a shard is damaged."""
    import tensorflow as tf

    from fer_edge.data.shards.read import damaged

    try:
        yield from images
    except tf.errors.DataLossError as error:
        raise damaged(error) from error


def _diverged(job: Job, what: str) -> CheckFailedError:
    return CheckFailedError(
        f"{job.title} diverged: {what}; reduce the learning rate (learning_rate = "
        f"{job.phase.learning_rate:g}). Checkpoints of earlier epochs are kept in {job.out}"
    )


def _selected(rows: list[dict[str, float]], job: Job) -> dict[str, float]:
    """Return the row of the selected epoch; the last one if none can be selected yet."""
    selectable = rows[job.selectable :]
    if job.phase.select == "last" or not selectable:
        return rows[-1]
    return history.best(selectable)


def _train_step(
    model: Any, optimizer: Any, ema: WeightAverage, job: Job, replicas: Replicas
) -> Callable[..., Any]:
    """Build one training step as a graph for the currently trainable variables."""
    import tensorflow as tf

    variables = list(model.trainable_variables)
    share = job.phase.distill if job.teacher is not None else 0.0
    weights = [job.head_weights.get(head, 1.0) for head in job.train.heads]
    if job.occlusion_weight:  # the targets of the last output are weighted already
        weights.append(1.0)

    def on_replica(x: Any, targets: Any) -> Any:
        if share:
            taught = [tf.nn.softmax(logits) for logits in by_head(job.teacher(x, training=False))]
            targets = [(1 - share) * t + share * p for t, p in zip(targets, taught, strict=True)]
        with tf.GradientTape() as tape:
            logits = by_head(model(x, training=True))
            loss = tf.add_n(
                [
                    w * tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(t, z))
                    for w, t, z in zip(weights, targets, logits, strict=True)
                ]
            )
            if replicas.count > 1:  # the optimizer sums the gradients of the replicas
                loss /= replicas.count
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    @tf.function
    def step(x: Any, targets: Any) -> Any:
        loss = replicas.run(on_replica, x, targets)
        ema.update(tf.cast(optimizer.iterations, tf.float32))
        return loss

    return step
