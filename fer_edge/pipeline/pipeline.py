"""The end-to-end pipeline: train, compress, convert, verify, benchmark, report.

Each stage writes its files to `OUT/STAGE/` and runs once; an interrupted run resumes where it
stopped. All results are measured on the exported files, never on the Keras models.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fer_edge.pipeline import stages
from fer_edge.pipeline.run import Run
from fer_edge.pipeline.stages import Stage
from fer_edge.recipe import Recipe, Teacher
from fer_edge.section import Section
from fer_edge.training import distribution
from fer_edge.training.cluster import ALONE, Cluster

DISTRIBUTED = ("train", "prune", "quantize")
"""Stages that several workers or GPUs do together; the chief does the others alone."""


def run(
    job: Run,
    *,
    until: str | None = None,
    on_start: Callable[[str], None] | None = None,
    workers: Cluster = ALONE,
) -> Iterator[tuple[str, float | None]]:
    """Run all stages that are not yet done.

    Of a cluster, every worker calls it. The chief does all stages; the other workers take part in
    the trainings and end after the last one.

    Args:
        job: recipe, data and folder of the run.
        until: the last stage to run; None for all.
        on_start: called with the name of each stage that is about to run.
        workers: the cluster that trains, from `cluster.from_environment`.

    Yields:
        Name and duration in seconds of each finished stage; None for one that was already done.

    Raises:
        InputError: invalid data, or a folder that holds another run or is in use.
        CheckFailedError: a training diverged, or an int8 file disagrees with the model it was
            converted from.
        WorkerLostError: another worker ended; a new start of all workers continues.
    """
    chosen = plan(job, workers)
    names = [stage.name for stage in chosen]
    if until:
        chosen = chosen[: names.index(until) + 1]
    announce = on_start or (lambda _: None)
    if workers == ALONE:
        yield from stages.run(chosen, job.out, on_start=announce)
        return
    yield from _as_worker(chosen, job.out, workers, announce)


def _as_worker(
    chosen: list[Stage], out: Path, workers: Cluster, announce: Callable[[str], None]
) -> Iterator[tuple[str, float | None]]:
    """Run stages as one worker of a cluster."""
    from fer_edge.pipeline import workers as others
    from fer_edge.training import cluster
    from fer_edge.training.load_tensorflow import load_tensorflow

    load_tensorflow()
    import tensorflow as tf

    def meet() -> None:
        if others.pending(chosen, out):
            cluster.meet(workers, stages.fingerprints(chosen)[-1], cluster.timeout())
            distribution.strategy(workers)

    try:
        if workers.is_chief:
            yield from stages.run(chosen, out, on_start=announce, on_lock=meet)
            return
        meet()
        yield from others.follow(chosen, out, workers, announce)
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError,
            tf.errors.CancelledError, tf.errors.FailedPreconditionError,
            tf.errors.DeadlineExceededError, tf.errors.UnknownError) as error:  # fmt: skip
        raise cluster.WorkerLostError("another worker was lost") from error


def plan(job: Run, workers: Cluster = ALONE) -> list[Stage]:
    """The stages of a run with the settings that each one's result depends on."""
    from dataclasses import replace

    from fer_edge.data import contents
    from fer_edge.pipeline import (
        adjust,
        channels,
        compress,
        evaluate,
        export,
        heads,
        initial_weights,
        teacher,
        train,
        verify,
    )

    known = contents.read(job.data)
    job = replace(job, recipe=heads.with_targets(job.recipe, known))
    recipe = job.recipe

    def stage(name: str, work: Callable[[Run, Path], None], **settings: Any) -> Stage:
        if name not in DISTRIBUTED:
            return Stage(name, settings, lambda folder: work(job, folder))

        def in_scope(folder: Path) -> None:
            with distribution.scope(distribution.strategy(workers)):
                work(job, folder)

        return Stage(name, settings, in_scope, distributed=True)

    steps = []
    soft_targets: Path | None = None
    if recipe.teacher:
        teacher_run = teacher.teacher_run(job, recipe.teacher)
        trained = stages.fingerprints(plan(teacher_run))[0] if teacher_run else None
        soft_targets = teacher.soft_targets_folder(job, recipe.teacher, teacher_run, trained)
        steps.append(
            stage(
                "teacher",
                _train_teacher(teacher_run, recipe.teacher, soft_targets),
                **teacher.settings(teacher_run, recipe.teacher),
            )
        )
    steps.append(
        stage(
            "train",
            partial(train.train, soft_targets=soft_targets),
            data=known.digest,
            seed=recipe.seed,
            split=recipe.data.settings(),
            **({"sources": _digests(recipe)} if recipe.data.sources else {}),
            model=recipe.model.settings(),
            augment=recipe.augment.settings(),
            train=recipe.train.settings(),
            **({"share": recipe.teacher.alpha} if recipe.teacher else {}),
            **({"init": initial_weights.find(job.init).digest} if job.init else {}),
        )
    )
    compressions: list[tuple[str, Callable[..., None], Section | None]] = [
        (
            "channels",
            partial(channels.prune_channels, soft_targets=soft_targets),
            recipe.channels,
        ),
        ("adjust", adjust.adjust, recipe.adjust),
        ("prune", compress.prune, recipe.prune),
        ("cluster", compress.cluster, recipe.cluster),
        ("quantize", compress.quantize, recipe.quantize),
    ]
    for name, compress_by, section in compressions:
        if section:
            work = partial(compress_by, section=section)
            steps.append(stage(name, work, **{name: section.settings()}))
    chosen = {"export": recipe.export.settings()} if recipe.export.settings() else {}
    steps.append(stage("export", export.export, recipe=recipe.name, **chosen))
    if recipe.quantize and "int8" in recipe.precisions:
        steps.append(stage("verify", partial(verify.verify, section=recipe.quantize)))
    steps += [
        stage("benchmark", evaluate.benchmark, bench=recipe.bench.settings()),
        stage("report", evaluate.report),
    ]
    return steps


def _digests(recipe: Recipe) -> dict[str, str]:
    from fer_edge.data import contents

    return {name: contents.read(source.file).digest for name, source in recipe.data.sources.items()}


def _train_teacher(
    teacher_run: Run | None, section: Teacher, soft_targets: Path
) -> Callable[[Run, Path], None]:
    """Make the work of the stage `teacher`: train it if needed and cache its soft targets."""
    from fer_edge import zoo
    from fer_edge.pipeline import teacher

    def work(student: Run, out: Path) -> None:
        if teacher_run and student.teacher != zoo.TEACHER:
            for _ in run(teacher_run, until="train"):
                pass
        teacher.precompute(student, teacher_run, section, soft_targets)

    return work
