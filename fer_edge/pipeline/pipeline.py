"""The whole way: data, teacher, trainings and what shrinks the net, files, their check, figures.

Every stage leaves its files in `OUT/STAGE/` and is done once; an interrupted run goes on where it
was. What is measured is the exported file, never the Keras model.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.pipeline import stages
from fer_edge.pipeline.stages import Stage
from fer_edge.recipe import Recipe


@dataclass(frozen=True)
class Run:
    """What a pipeline run is about.

    Attributes:
        recipe: every number of it.
        data: a `.npz` of `fer-edge data prepare`.
        out: the run's folder.
        teacher: the folder of the teacher's run, for students that share one, or `zoo:teacher`;
            inside `out` where it is None.
        init: what the float net starts from, as `--init` names it; chance where it is None.
    """

    recipe: Recipe
    data: Path
    out: Path
    teacher: str | None = None
    init: str | None = None

    def folder(self, stage: str) -> Path:
        """The folder that a stage leaves its files in."""
        return self.out / stage


def run(job: Run, *, until: str | None = None) -> Iterator[tuple[str, float | None]]:
    """Do all stages that are not done yet.

    Args:
        job: recipe, data and folder.
        until: the last stage to do; all where it is None.

    Yields:
        After each stage its name and seconds, None for one that was done already.

    Raises:
        InputError: wrong data, or a folder that holds another run.
        GateError: the int8 file does not agree with the model it was converted from.
    """
    chosen = plan(job)
    names = [stage.name for stage in chosen]
    yield from stages.run(chosen[: names.index(until) + 1] if until else chosen, job.out)


def plan(job: Run) -> list[Stage]:
    """The stages of a run with the settings that each one's result depends on."""
    from fer_edge.data.dataset import load
    from fer_edge.pipeline import channels as channels_stage
    from fer_edge.pipeline import evaluate as evaluate_stage
    from fer_edge.pipeline import export as export_stage
    from fer_edge.pipeline import initial_weights
    from fer_edge.pipeline import teacher as teacher_stage
    from fer_edge.pipeline import train as train_stages

    recipe = job.recipe

    def stage(name: str, work: Callable[[Run, Path], None], **settings: Any) -> Stage:
        return Stage(name, settings, lambda folder: work(job, folder))

    def section(name: str) -> dict[str, Any]:
        # Defaults are left out: a later fer-edge with a new option still knows an older run.
        part = getattr(recipe, name)
        return part.model_dump(mode="json", exclude_defaults=True)

    steps = []
    if recipe.teacher:
        steps.append(stage("teacher", teacher_stage.teach, **teacher_stage.settings(job)))
    steps.append(
        stage(
            "train",
            train_stages.train,
            data=load(job.data).digest,
            seed=recipe.seed,
            split=section("data"),
            model=section("model"),
            augment=section("augment"),
            train=section("train"),
            **({"share": recipe.teacher.share} if recipe.teacher else {}),
            **({"init": initial_weights.find(job.init).digest} if job.init else {}),
        )
    )
    if recipe.channels:
        steps.append(stage("channels", channels_stage.narrow, channels=section("channels")))
    if recipe.prune:
        steps.append(stage("prune", train_stages.prune, prune=section("prune")))
    if recipe.cluster:
        steps.append(stage("cluster", train_stages.cluster, cluster=section("cluster")))
    if recipe.quantize:
        steps.append(stage("quantize", train_stages.quantize, quantize=section("quantize")))
    steps.append(stage("export", export_stage.export, recipe=recipe.name))
    if recipe.quantize:
        steps.append(stage("verify", export_stage.verify))
    steps += [
        stage("benchmark", evaluate_stage.benchmark, bench=section("bench")),
        stage("report", evaluate_stage.report),
    ]
    return steps
