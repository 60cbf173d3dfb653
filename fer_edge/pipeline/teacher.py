"""The stage before a student's training: a teacher of its own recipe, and its soft targets.

The teacher is a run like any other, inside the student's run or, with `--teacher DIR`, in a folder
that several students share. Its soft targets stand beside it, so that those students share them
too. With `--teacher zoo:teacher` it is the shipped one, and is not trained again.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from device.errors import InputError
from fer_edge import recipe as recipes
from fer_edge import zoo
from fer_edge.data import splits
from fer_edge.pipeline import artifacts
from fer_edge.pipeline.job import training_job
from fer_edge.pipeline.run import Run
from fer_edge.recipe import Recipe
from fer_edge.training import distillation, input_pipeline, targets
from fer_edge.training.distillation import SoftTargets


def settings(run: Run) -> dict[str, Any]:
    """What the teacher's answers depend on, for the fingerprint of the student's stages."""
    section = run.recipe.teacher
    assert section is not None
    teacher = _recipe(run.recipe)
    return {
        "views": section.epochs,
        "recipe": teacher.settings(exclude={"name", "description", "quantize"}),
    }


def precompute(run: Run, teacher: Run, folder: Path) -> None:
    """Cache the teacher's soft targets for every augmented epoch of the student.

    Epochs that are cached already are kept, so that an interrupted stage goes on.

    Args:
        run: the student's run.
        teacher: the teacher's run, trained, or that of the shipped teacher.
        folder: where the soft targets are cached.
    """
    section = run.recipe.teacher
    assert section is not None
    if run.teacher == zoo.TEACHER:
        net = artifacts.net(teacher, zoo.teacher_weights())
    else:
        net = artifacts.trained_model(teacher)
    job, _ = training_job(run, run.recipe.train, run.folder("teacher"))
    batches = input_pipeline.training(
        job.train,
        batch=job.batch,
        seed=job.seed,
        epochs=range(section.epochs),
        augment=job.augment,
        normalization=teacher.recipe.model.normalization,
    )
    whole = len(job.train) // job.batch * job.batch
    distillation.precompute(net, batches, folder, epochs=section.epochs, images=whole)


def soft_targets(run: Run, folder: Path) -> SoftTargets:
    """Read the soft targets that `precompute` cached for a student."""
    section = run.recipe.teacher
    assert section is not None
    heads = targets.head_sizes(splits.training(run.data, run.recipe).train, run.recipe)
    return distillation.load(
        folder, epochs=section.epochs, sizes=list(heads.values()), alpha=section.alpha
    )


def teacher_run(run: Run) -> Run:
    """The run that trains a student's teacher.

    Raises:
        InputError: the teacher's recipe has other heads or other data than the student's.
    """
    own = run.teacher is None or run.teacher == zoo.TEACHER
    folder = run.folder("teacher") if own else Path(run.teacher or "")
    return Run(_recipe(run.recipe), run.data, folder)


def soft_targets_folder(run: Run, teacher: Run, fingerprint: str) -> Path:
    """The cache of a student's soft targets, named after all that decides what they are.

    Args:
        run: the student's run.
        teacher: the teacher's run.
        fingerprint: that of the teacher's stage `train`.
    """
    shown = {
        "teacher": fingerprint,
        "seed": run.recipe.seed,
        "batch": run.recipe.train.batch,
        "augment": run.recipe.augment.model_dump(mode="json"),
    }
    digest = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
    older = teacher.out / f"lessons-{digest[:12]}"
    return older if older.is_dir() else teacher.out / f"soft-targets-{digest[:12]}"


def _recipe(student: Recipe) -> Recipe:
    assert student.teacher is not None
    teacher = recipes.load(student.teacher.recipe)
    if teacher.model.heads != student.model.heads:
        raise InputError(
            f"recipe {student.name} has the heads {', '.join(student.model.heads)} and its teacher "
            f"{teacher.name} {', '.join(teacher.model.heads)}: give both the same"
        )
    if teacher.data != student.data:
        raise InputError(
            f"recipe {student.name} and its teacher {teacher.name} differ in [data]: a teacher "
            "that saw other images may have seen those that test its student"
        )
    return teacher
