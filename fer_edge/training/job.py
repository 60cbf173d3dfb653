"""All inputs of a training except the model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_edge.recipe import Augment, Phase
from fer_edge.training.distillation import SoftTargets
from fer_edge.training.input_pipeline import full_side
from fer_edge.training.mixture import LabeledImages, Mixture


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
        before_epoch: called with the epoch; returns whether the behavior of layers changed, so that
            the step must be retraced.
        before_step: called with the step, counted over the whole training.
        after_epoch: called with the epoch, before the evaluation.
        after_checkpoint: called with the epoch's row of the history after everything is saved; an
            exception that it raises stops the training, which can be resumed.
    """

    before_epoch: Callable[[int], bool] = _no_change
    before_step: Callable[[int], None] = _nothing
    after_epoch: Callable[[int], None] = _nothing
    after_checkpoint: Callable[[Mapping[str, float]], None] = _no_row


@dataclass(frozen=True)
class Job:
    """All inputs of a training except the model.

    Attributes:
        phase: recipe section with epochs, optimizer, schedule and selection.
        train: training images and batch size.
        val: images for selecting the epoch; never the test split.
        seed: RNG seed of shuffling, augmentation and dropout.
        augment: augmentation of the training images.
        normalization: pixel mean and standard deviation.
        ema: decay of the averaged weights, which are then evaluated and kept; 0 for none.
        out: folder for checkpoints, history and weights.
        title: title of the progress bar.
        teacher: model with the same heads for distillation with weight `phase.distill`.
        soft_targets: cached probabilities of a teacher.
        head_weights: factor of the loss of a head, whatever its target; 1 for the others.
        side: function from epoch, counted from 0, to image side in pixels.
        hooks: callbacks.
        others: val images of additional sources by name, evaluated by mean recall.
        occlusion_weight: loss weight of the occlusion head, the last output; 0 without that head.
        selectable: first epoch, counted from 0, that may be selected; pruning is incomplete before
            it.
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
    head_weights: Mapping[str, float] = field(default_factory=dict)
    side: Callable[[int], int] = full_side
    hooks: Hooks = field(default_factory=Hooks)
    others: Mapping[str, LabeledImages] = field(default_factory=dict)
    occlusion_weight: float = 0.0
    selectable: int = 0
