"""The end-to-end pipeline: train, compress, convert, verify, benchmark, report.

Every stage leaves its files in `OUT/STAGE/` and is done once; an interrupted run goes on where it
was. What is measured is the exported file, never the Keras model.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fer_edge.pipeline import stages
from fer_edge.pipeline.run import Run
from fer_edge.pipeline.stages import Stage
from fer_edge.recipe import Recipe


def run(job: Run, *, until: str | None = None) -> Iterator[tuple[str, float | None]]:
    """Do all stages that are not done yet.

    Args:
        job: recipe, data and folder.
        until: the last stage to do; all where it is None.

    Yields:
        After each stage its name and seconds, None for one that was done already.

    Raises:
        InputError: wrong data, or a folder that holds another run.
        CheckFailedError: the int8 file does not agree with the model it was converted from.
    """
    chosen = plan(job)
    names = [stage.name for stage in chosen]
    yield from stages.run(chosen[: names.index(until) + 1] if until else chosen, job.out)


def plan(job: Run) -> list[Stage]:
    """The stages of a run with the settings that each one's result depends on."""
    from fer_edge.data.dataset import read_digest
    from fer_edge.pipeline import (
        adjust,
        channels,
        compress,
        evaluate,
        export,
        initial_weights,
        teacher,
        train,
        verify,
    )

    recipe = job.recipe

    def stage(name: str, work: Callable[[Run, Path], None], **settings: Any) -> Stage:
        return Stage(name, settings, lambda folder: work(job, folder))

    def section(name: str) -> dict[str, Any]:
        settings: dict[str, Any] = getattr(recipe, name).settings()
        return settings

    steps = []
    soft_targets: Path | None = None
    if recipe.teacher:
        taught_by = None if recipe.teacher.nets else teacher.teacher_run(job)
        trained = stages.fingerprints(plan(taught_by))[0] if taught_by else None
        soft_targets = teacher.soft_targets_folder(job, taught_by, trained)
        work = _train_teacher(taught_by, soft_targets)
        steps.append(stage("teacher", work, **teacher.settings(job)))
    steps.append(
        stage(
            "train",
            lambda run, out: train.train(run, out, soft_targets),
            data=read_digest(job.data),
            seed=recipe.seed,
            split=section("data"),
            **({"sources": _digests(recipe)} if recipe.data.sources else {}),
            model=section("model"),
            augment=section("augment"),
            train=section("train"),
            **({"share": recipe.teacher.alpha} if recipe.teacher else {}),
            **({"init": initial_weights.find(job.init).digest} if job.init else {}),
        )
    )
    if recipe.channels:
        steps.append(stage("channels", channels.prune_channels, channels=section("channels")))
    if recipe.adjust:
        steps.append(stage("adjust", adjust.adjust, adjust=section("adjust")))
    if recipe.prune:
        steps.append(stage("prune", compress.prune, prune=section("prune")))
    if recipe.cluster:
        steps.append(stage("cluster", compress.cluster, cluster=section("cluster")))
    if recipe.quantize:
        steps.append(stage("quantize", compress.quantize, quantize=section("quantize")))
    steps.append(stage("export", export.export, recipe=recipe.name))
    if recipe.quantize:
        steps.append(stage("verify", verify.verify))
    steps += [
        stage("benchmark", evaluate.benchmark, bench=section("bench")),
        stage("report", evaluate.report),
    ]
    return steps


def _digests(recipe: Recipe) -> dict[str, str]:
    from fer_edge.data.dataset import load

    return {name: load(source.file).digest for name, source in recipe.data.sources.items()}


def _train_teacher(teacher_run: Run | None, soft_targets: Path) -> Callable[[Run, Path], None]:
    """The work of the stage `teacher`: train it, unless it ships, and cache its soft targets."""
    from fer_edge import zoo
    from fer_edge.pipeline import teacher

    def work(student: Run, out: Path) -> None:
        if teacher_run and student.teacher != zoo.TEACHER:
            for _ in run(teacher_run, until="train"):
                pass
        teacher.precompute(student, teacher_run, soft_targets)

    return work
