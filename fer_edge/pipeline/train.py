"""The stage that trains the float net."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.models import bfloat16
from fer_edge.pipeline import initial_weights, teacher
from fer_edge.pipeline.job import training_job
from fer_edge.training import targets, trainer
from fer_edge.training.job import Job

if TYPE_CHECKING:
    from fer_edge.pipeline.run import Run


def train(run: "Run", out: Path, soft_targets: Path | None = None) -> None:
    """Train the float net, from random weights or those given by `--init`.

    Args:
        run: the run.
        out: folder of the stage.
        soft_targets: folder of the teacher's soft targets; None without a teacher.
    """
    model, job = float_training(run, out)
    cached = None
    if soft_targets and run.recipe.teacher:
        cached = teacher.soft_targets(run, run.recipe.teacher, soft_targets)
    trainer.fit(model, replace(job, soft_targets=cached))


def float_training(run: "Run", out: Path) -> tuple[Any, Job]:
    """The net and the job of the stage `train`, before its first epoch and without a teacher."""
    recipe = run.recipe
    job, heads = training_job(run, recipe.train, out)
    model = recipe.model.build(
        heads, seed=recipe.seed, side=None if recipe.train.small_epochs else 48
    )
    if run.init:
        data = run.training_data.train
        labels = {head: targets.label_names(data, head) for head in heads}
        initial_weights.find(run.init).load_into(model, labels)
    if bfloat16.enabled(recipe.train.bfloat16, "train.bfloat16"):
        model = bfloat16.convolutions_in_bfloat16(model)

    def side(epoch: int) -> int:
        return recipe.train.small_side if epoch < recipe.train.small_epochs else 48

    return model, replace(job, ema=recipe.train.ema, side=side)
