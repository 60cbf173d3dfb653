"""The whole way: data, teacher, trainings and what shrinks the net, files, their check, figures.

Every stage leaves its files in `OUT/STAGE/` and is done once; an interrupted run goes on where it
was. What is measured is the exported file, never the Keras model.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge import stages
from fer_edge.recipe import Recipe
from fer_edge.stages import Stage


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
    from fer_edge import evaluating, exporting, initial, learning, narrowing, teaching
    from fer_edge.data.dataset import load

    recipe = job.recipe

    def stage(name: str, work: Callable[[Run, Path], None], **settings: Any) -> Stage:
        return Stage(name, settings, lambda folder: work(job, folder))

    def section(name: str) -> dict[str, Any]:
        # Defaults are left out: a later fer-edge with a new option still knows an older run.
        part = getattr(recipe, name)
        return part.model_dump(mode="json", exclude_defaults=True)

    steps = []
    if recipe.teacher:
        steps.append(stage("teacher", teaching.teach, **teaching.settings(job)))
    steps.append(
        stage(
            "train",
            learning.train,
            data=load(job.data).digest,
            seed=recipe.seed,
            split=section("data"),
            model=section("model"),
            augment=section("augment"),
            train=section("train"),
            **({"share": recipe.teacher.share} if recipe.teacher else {}),
            **({"init": initial.find(job.init).digest} if job.init else {}),
        )
    )
    if recipe.channels:
        steps.append(stage("channels", narrowing.narrow, channels=section("channels")))
    if recipe.prune:
        steps.append(stage("prune", learning.prune, prune=section("prune")))
    if recipe.cluster:
        steps.append(stage("cluster", learning.cluster, cluster=section("cluster")))
    if recipe.quantize:
        steps.append(stage("quantize", learning.quantize, quantize=section("quantize")))
    steps.append(stage("export", exporting.export, recipe=recipe.name))
    if recipe.quantize:
        steps.append(stage("verify", exporting.verify))
    steps += [
        stage("benchmark", evaluating.benchmark, bench=section("bench")),
        stage("report", evaluating.report),
    ]
    return steps
