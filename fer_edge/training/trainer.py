"""The training loop of all stages that train: float, pruning, clustering, quantization-aware.

A run that is killed at any moment and started again continues from its last whole epoch and ends
with the same weights, to the bit, as an undisturbed run: weights, optimizer, moving average and
dropout's generator are in the checkpoint; shuffling, augmentation and schedule follow from the seed
and the step. This exact resume is why the loop is not Keras' `fit`.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import CheckFailedError, InputError
from fer_edge.models.net import by_head
from fer_edge.recipe import Augment, Phase
from fer_edge.training import history, input_pipeline, optimizers, state, weights
from fer_edge.training.distillation import SoftTargets
from fer_edge.training.ema import WeightAverage
from fer_edge.training.input_pipeline import LabeledImages, Mixture
from fer_edge.training.progress import Progress


def _nothing(_: int) -> None:
    pass


def _no_change(_: int) -> bool:
    return False


def _no_row(_: Mapping[str, float]) -> None:
    pass


@dataclass(frozen=True)
class Hooks:
    """Callbacks of a training; epochs and steps are counted from 0.

    Attributes:
        before_epoch: called with the epoch; returns whether it changed how layers behave, so that
            the step must be traced again.
        before_step: called with the step of the whole training.
        after_epoch: called with the epoch, before the evaluation.
        after_checkpoint: called with the epoch's row of the history, when all of it is saved; what
            it raises ends the training, which can be continued.
    """

    before_epoch: Callable[[int], bool] = _no_change
    before_step: Callable[[int], None] = _nothing
    after_epoch: Callable[[int], None] = _nothing
    after_checkpoint: Callable[[Mapping[str, float]], None] = _no_row


@dataclass(frozen=True)
class Job:
    """Everything that a training needs besides the model.

    Attributes:
        phase: epochs, optimizer, schedule, selection.
        train: training images and batch size.
        val: images that select the epoch; never the test split.
        seed: RNG seed of shuffling, augmentation and dropout.
        augment: augmentation of the training images.
        normalization: mean and standard deviation of the pixels.
        ema: decay of the averaged weights, which are then evaluated and kept; 0 for none.
        out: folder of checkpoints, history and weights.
        title: title of the progress bar.
        teacher: a net with the same heads, distilled from with weight `phase.distill`.
        soft_targets: a teacher's cached probabilities.
        side: image side in pixels by epoch, counted from 0; the model must accept it.
        hooks: callbacks.
        others: by name the val images of further sources, scored by mean recall.
        selectable: first epoch, counted from 0, that may be selected: before it a net is still
            being pruned.
    """

    phase: Phase
    train: Mixture
    val: LabeledImages | None
    seed: int
    augment: Augment
    normalization: tuple[float, float]
    out: Path
    title: str
    ema: float = 0.0
    teacher: Any = None
    soft_targets: SoftTargets | None = None
    side: Callable[[int], int] = input_pipeline.full_side
    hooks: Hooks = field(default_factory=Hooks)
    others: Mapping[str, LabeledImages] = field(default_factory=dict)
    selectable: int = 0


def fit(model: Any, job: Job) -> list[dict[str, float]]:
    """Train a model; at the end it has the weights of the selected epoch, as `out/weights.npz`.

    Args:
        model: a Keras model from normalized pixels to logits per head, in the order of the
            targets of `job.train`.
        job: data, recipe and folder. If the folder holds the checkpoint of an interrupted training,
            that training continues.

    Returns:
        The history, one row per epoch.

    Raises:
        InputError: fewer training images than one batch, or damaged checkpoints.
        CheckFailedError: the loss or the weights are no longer finite numbers. The last checkpoint
            is of the epoch before.
    """
    import tensorflow as tf

    steps = job.train.steps
    if steps == 0:
        raise InputError(
            f"{len(job.train.first)} training images do not fill a batch of {job.train.own}: set "
            "train.batch"
        )
    tf.config.experimental.enable_op_determinism()
    job.out.mkdir(parents=True, exist_ok=True)
    kept = state.restore(model, job.phase, job.out, ema=job.ema)
    optimizer, ema = kept.optimizer, kept.ema
    first = int(kept.done.numpy())
    if first == job.phase.epochs and not (job.out / "weights.npz").exists():
        raise InputError(f"{job.out} has lost its weights.npz: remove {job.out} to train it again")
    rows = [row for row in history.load(job.out / "history.csv") if row["epoch"] <= first]
    board = tf.summary.create_file_writer(str(job.out / "tensorboard"))
    epochs = range(first, job.phase.epochs)
    data = input_pipeline.training(
        job.train,
        seed=job.seed,
        epochs=epochs,
        augment=job.augment,
        normalization=job.normalization,
        side=job.side,
        soft_targets=job.soft_targets,
    )
    step, forward = None, _forward(model)
    with Progress(job.title, job.phase.epochs * steps, first * steps) as progress:
        for epoch, images in zip(epochs, data, strict=True):
            if job.hooks.before_epoch(epoch) or step is None:
                step = _train_step(model, optimizer, ema, job)
            losses, started = [], time.monotonic()
            for i, (x, targets) in enumerate(images, start=epoch * steps):
                job.hooks.before_step(i)
                optimizer.learning_rate.assign(optimizers.learning_rate(job.phase, i, steps))
                losses.append(float(step(x, targets)))
                if not math.isfinite(losses[-1]):
                    where = f"epoch {epoch + 1}, step {i - epoch * steps + 1} of {steps}"
                    raise _diverged(job, f"the loss is {losses[-1]} in {where}")
                progress.advance()
            job.hooks.after_epoch(epoch)
            if not all(np.isfinite(w.numpy()).all() for w in (*model.weights, *ema.shadows)):
                raise _diverged(job, f"weights are not finite after epoch {epoch + 1}")
            row = {"epoch": epoch + 1.0, "loss": float(np.mean(losses))}
            row["seconds"] = round(time.monotonic() - started, 1)
            with ema.applied():
                row |= _evaluate(forward, job)
                rows.append(row)
                if _selected(rows, job) is row:
                    weights.save(model, job.out / "weights.npz")
            history.save(rows, job.out / "history.csv")
            with board.as_default(step=epoch + 1):
                for name, value in row.items():
                    tf.summary.scalar(name, value)
            board.flush()
            kept.done.assign(epoch + 1)
            kept.manager.save()
            progress.report(f"epoch {epoch + 1}/{job.phase.epochs}", row)
            job.hooks.after_checkpoint(row)
    history.draw(rows, _selected(rows, job), job.out / "curves.png", title=job.title)
    weights.load(model, job.out / "weights.npz")
    return rows


def _diverged(job: Job, what: str) -> CheckFailedError:
    return CheckFailedError(
        f"{job.title} diverged: {what}; lower the learning rate (learning_rate = "
        f"{job.phase.learning_rate:g}). Checkpoints of earlier epochs stay in {job.out}"
    )


def _selected(rows: list[dict[str, float]], job: Job) -> dict[str, float]:
    """The epoch whose weights are kept; the last one if none can be selected yet."""
    selectable = rows[job.selectable :]
    if job.phase.select == "last" or not selectable:
        return rows[-1]
    return history.best(selectable)


def _train_step(model: Any, optimizer: Any, ema: WeightAverage, job: Job) -> Callable[..., Any]:
    """One step as a graph, for the variables that are trainable at the time of the call."""
    import tensorflow as tf

    variables = list(model.trainable_variables)
    share = job.phase.distill if job.teacher is not None else 0.0

    @tf.function
    def step(x: Any, targets: Any) -> Any:
        if share:
            taught = [tf.nn.softmax(logits) for logits in by_head(job.teacher(x, training=False))]
            targets = [(1 - share) * t + share * p for t, p in zip(targets, taught, strict=True)]
        with tf.GradientTape() as tape:
            logits = by_head(model(x, training=True))
            loss = tf.add_n(
                [
                    tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(t, z))
                    for t, z in zip(targets, logits, strict=True)
                ]
            )
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        ema.update(tf.cast(optimizer.iterations, tf.float32))
        return loss

    return step


def _forward(model: Any) -> Callable[[Any], list[Any]]:
    """The net in inference mode, traced once for all evaluations."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None, 48, 48, 1), tf.float32)])
    def forward(x: Any) -> list[Any]:
        return by_head(model(x, training=False))

    return forward


def _evaluate(forward: Callable[[Any], list[Any]], job: Job) -> dict[str, float]:
    """Top-1 on val by head, mean recall on that of each source; nothing where there is no val."""
    row: dict[str, float] = {}
    if job.val is None:
        return row
    for head, (right, answer) in _answers(forward, job.val, job).items():
        row[f"val_top1_{head}"] = float(np.mean(answer == right))
    for name, part in job.others.items():
        right, answer = _answers(forward, part, job)["fer2013"]
        recalls = [np.mean(answer[right == label] == label) for label in np.unique(right)]
        row[f"val_recall_{name}"] = float(np.mean(recalls))
    return row


def _answers(
    forward: Callable[[Any], list[Any]], part: LabeledImages, job: Job
) -> dict[str, tuple[NDArray[np.int16], NDArray[np.int64]]]:
    """By head the right labels and the given ones of the images that have one."""
    found = [forward(x) for x in input_pipeline.evaluation(part, normalization=job.normalization)]
    answers = {}
    for (head, right), logits in zip(part.classes.items(), zip(*found, strict=True), strict=True):
        known = right >= 0
        answers[head] = right[known], np.concatenate(logits)[known].argmax(1)
    return answers
