"""The stage before a student's training: a teacher of its own recipe, and its soft targets.

The teacher is a run like any other, inside the student's run or, with `--teacher DIR`, in a folder
that several students share. Its soft targets stand beside it, so that those students share them
too. With `--teacher zoo:teacher` it is the shipped one, and is not trained again. A recipe that
names trained nets (`teacher.nets`) has no other teacher: their mean prediction is the soft target.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from fer_edge import recipe as recipes
from fer_edge import zoo
from fer_edge.data.dataset import load
from fer_edge.pipeline import artifacts, initial_weights
from fer_edge.pipeline.job import training_job
from fer_edge.pipeline.run import Run
from fer_edge.recipe import Recipe, Teacher
from fer_edge.training import distillation, input_pipeline, targets
from fer_edge.training.distillation import SoftTargets


def settings(run: Run) -> dict[str, Any]:
    """What the teacher's answers depend on, for the fingerprint of the student's stages."""
    section = run.recipe.teacher
    assert section is not None
    if section.nets:
        return {"views": section.epochs, "nets": _digests(section)}
    teacher = _recipe(run.recipe)
    return {
        "views": section.epochs,
        "recipe": teacher.settings(exclude={"name", "description", "quantize"}),
    }


def precompute(run: Run, teacher: Run | None, folder: Path) -> None:
    """Cache the teacher's soft targets for every augmented epoch of the student.

    Epochs that are cached already are kept, so that an interrupted stage goes on.

    Args:
        run: the student's run.
        teacher: the teacher's run, trained, or that of the shipped teacher; None where the recipe
            names trained nets.
        folder: where the soft targets are cached.
    """
    section = run.recipe.teacher
    assert section is not None
    job, heads = training_job(run, run.recipe.train, run.folder("teacher"))
    if teacher is None:
        nets = [initial_weights.find(name).model(heads) for name in section.nets]
    elif run.teacher == zoo.TEACHER:
        nets = [artifacts.net(teacher, zoo.teacher_weights())]
    else:
        nets = [artifacts.trained_model(teacher)]
    batches = input_pipeline.training(
        job.train,
        seed=job.seed,
        epochs=range(section.epochs),
        augment=job.augment,
        normalization=run.recipe.model.normalization,
    )
    images = job.train.steps * job.train.batch
    distillation.precompute(nets, batches, folder, epochs=section.epochs, images=images)


def soft_targets(run: Run, folder: Path) -> SoftTargets:
    """Read the soft targets that `precompute` cached for a student.

    Where FER+ makes a share of the fer2013 head's target, it makes that share of these too.
    """
    section = run.recipe.teacher
    assert section is not None
    heads = targets.head_sizes(run.training_data.train, run.recipe)
    share = run.recipe.train.ferplus_share

    def with_ferplus(answers: NDArray[np.float16]) -> NDArray[np.float16]:
        if not share:
            return answers
        bounds = np.cumsum(list(heads.values()))[:-1]
        parts = np.split(answers.astype(np.float32), bounds, axis=1)
        changed = targets.with_ferplus(dict(zip(heads, parts, strict=True)), share)
        return np.concatenate(list(changed.values()), axis=1).astype(np.float16)

    return distillation.load(
        folder,
        epochs=section.epochs,
        sizes=list(heads.values()),
        alpha=section.alpha,
        change=with_ferplus,
    )


def teacher_run(run: Run) -> Run:
    """The run that trains a student's teacher.

    Raises:
        InputError: the teacher's recipe has other heads or other data than the student's.
    """
    own = run.teacher is None or run.teacher == zoo.TEACHER
    folder = run.folder("teacher") if own else Path(run.teacher or "")
    return Run(_recipe(run.recipe), run.data, folder)


def soft_targets_folder(run: Run, teacher: Run | None, fingerprint: str | None) -> Path:
    """The cache of a student's soft targets, named after all that decides what they are.

    Args:
        run: the student's run.
        teacher: the teacher's run; None where the recipe names trained nets.
        fingerprint: that of the teacher's stage `train`.
    """
    section = run.recipe.teacher
    assert section is not None
    shown = {
        "teacher": fingerprint or [*_digests(section), load(run.data).digest],
        "seed": run.recipe.seed,
        "batch": run.recipe.train.batch,
        "augment": run.recipe.augment.model_dump(mode="json"),
    }
    if run.recipe.data.sources:
        shown["data"] = run.recipe.data.model_dump(mode="json")
    digest = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
    shared = Path(run.teacher) if run.teacher else run.folder("teacher")
    home = teacher.out if teacher else shared
    older = home / f"lessons-{digest[:12]}"
    return older if older.is_dir() else home / f"soft-targets-{digest[:12]}"


def _digests(section: Teacher) -> list[str]:
    return [initial_weights.find(name).digest for name in section.nets]


def _recipe(student: Recipe) -> Recipe:
    assert student.teacher is not None
    teacher = recipes.load(student.teacher.recipe)
    if teacher.model.heads != student.model.heads:
        raise InputError(
            f"recipe {student.name} has the heads {', '.join(student.model.heads)} and its teacher "
            f"{teacher.name} {', '.join(teacher.model.heads)}: give both the same"
        )
    if teacher.data != student.data.model_copy(update={"sources": {}}):
        raise InputError(
            f"recipe {student.name} and its teacher {teacher.name} differ in [data]: a teacher "
            "that saw other images may have seen those that test its student"
        )
    return teacher
