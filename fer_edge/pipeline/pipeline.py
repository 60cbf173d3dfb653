"""The end-to-end pipeline: train, compress, convert, verify, benchmark, report.

Every stage leaves its files in `OUT/STAGE/` and is done once; an interrupted run continues where it
stopped. Figures are those of the exported files, never of the Keras models.
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


def run(
    job: Run, *, until: str | None = None, on_start: Callable[[str], None] | None = None
) -> Iterator[tuple[str, float | None]]:
    """Run all stages that are not done yet.

    Args:
        job: recipe, data and folder.
        until: the last stage to run; None for all.
        on_start: called with the name of each stage that is about to run.

    Yields:
        After each stage its name and seconds, None for one that was done already.

    Raises:
        InputError: wrong data, or a folder that holds another run or is in use by one.
        CheckFailedError: a training diverged, or an int8 file disagrees with the model it was
            converted from.
    """
    chosen = plan(job)
    names = [stage.name for stage in chosen]
    if until:
        chosen = chosen[: names.index(until) + 1]
    yield from stages.run(chosen, job.out, on_start=on_start or (lambda _: None))


def plan(job: Run) -> list[Stage]:
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
        workspace,
    )

    known = contents.read(job.data)
    job = replace(job, recipe=heads.with_targets(job.recipe, known))
    recipe = job.recipe

    def stage(name: str, work: Callable[[Run, Path], None], **settings: Any) -> Stage:
        return Stage(name, settings, lambda folder: work(job, folder))

    def tensorflow_stage(name: str, work: Callable[[Run, Path], None], **settings: Any) -> Stage:
        def in_scratch(folder: Path) -> None:
            with workspace.scratch(job.out):
                work(job, folder)

        return Stage(name, settings, in_scratch)

    steps = []
    soft_targets: Path | None = None
    if recipe.teacher:
        teacher_run = teacher.teacher_run(job, recipe.teacher)
        trained = stages.fingerprints(plan(teacher_run))[0] if teacher_run else None
        soft_targets = teacher.soft_targets_folder(job, recipe.teacher, teacher_run, trained)
        steps.append(
            tensorflow_stage(
                "teacher",
                _train_teacher(teacher_run, recipe.teacher, soft_targets),
                **teacher.settings(teacher_run, recipe.teacher),
            )
        )
    steps.append(
        tensorflow_stage(
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
            steps.append(tensorflow_stage(name, work, **{name: section.settings()}))
    chosen = {"export": recipe.export.settings()} if recipe.export.settings() else {}
    steps.append(tensorflow_stage("export", export.export, recipe=recipe.name, **chosen))
    if recipe.quantize and "int8" in recipe.precisions:
        steps.append(tensorflow_stage("verify", partial(verify.verify, section=recipe.quantize)))
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
    """The work of the stage `teacher`: train it, unless it ships, and cache its soft targets."""
    from fer_edge import zoo
    from fer_edge.pipeline import teacher

    def work(student: Run, out: Path) -> None:
        if teacher_run and student.teacher != zoo.TEACHER:
            for _ in run(teacher_run, until="train"):
                pass
        teacher.precompute(student, teacher_run, section, soft_targets)

    return work
