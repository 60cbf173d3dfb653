"""The teacher stage: trains a teacher by its own recipe and caches its soft targets.

The teacher is a run of its own, inside the student's run or, with `--teacher DIR`, in a folder that
several students share. The soft targets are cached in the teacher's folder and shared as well. With
`--teacher zoo:teacher` the shipped teacher is used and none is trained. A recipe that names trained
nets (`teacher.nets`) uses the mean of their probabilities instead.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.labels import FER2013
from fer_edge import recipe as recipes
from fer_edge import zoo
from fer_edge.data import contents
from fer_edge.models.net import select_heads
from fer_edge.pipeline import artifacts, heads, initial_weights
from fer_edge.pipeline.job import training_job
from fer_edge.pipeline.run import Run
from fer_edge.recipe import Teacher
from fer_edge.training import distillation, input_pipeline, targets
from fer_edge.training.distillation import SoftTargets

_LATER_KEYS = {"low_resolution", "occlusion", "yaw"}
"""Keys of `[augment]` that caches of earlier versions do not know."""


def teacher_run(run: Run, section: Teacher) -> Run | None:
    """The run that trains a student's teacher; None if the recipe names trained nets.

    Raises:
        InputError: the teacher's recipe lacks a head of the student, or uses other data.
    """
    if section.nets:
        return None
    known = contents.read(run.data)
    recipe = heads.with_targets(recipes.of_teacher(run.recipe, section), known)
    lacking = [head for head in run.recipe.model.heads if head not in recipe.model.heads]
    if lacking:
        raise InputError(
            f"recipe {run.recipe.name} has the heads {', '.join(run.recipe.model.heads)} and its "
            f"teacher {recipe.name} {', '.join(recipe.model.heads)}: the teacher lacks "
            f"{', '.join(lacking)}"
        )
    ships = run.teacher == zoo.TEACHER
    if ships and "fer2013" in run.recipe.model.heads and known.label_names != FER2013:
        raise InputError(
            f"{zoo.TEACHER} predicts FER2013's labels, not {', '.join(known.label_names)}: omit "
            "--teacher to train a teacher on these labels"
        )
    folder = run.folder("teacher") if run.teacher is None or ships else Path(run.teacher)
    return Run(recipe, run.data, folder)


def settings(teacher: Run | None, section: Teacher) -> dict[str, Any]:
    """The settings that the soft targets depend on, for the student's stage fingerprints."""
    if teacher is None:
        return {"views": section.epochs, "nets": _digests(section)}
    return {
        "views": section.epochs,
        "recipe": teacher.recipe.settings(exclude={"name", "description", "quantize"}),
    }


def precompute(run: Run, teacher: Run | None, section: Teacher, folder: Path) -> None:
    """Cache the teacher's soft targets for every augmented epoch of the student.

    Epochs that are already cached are kept, so an interrupted stage resumes.

    Args:
        run: the student's run.
        teacher: the run of the trained or shipped teacher; None if the recipe names trained nets.
        section: the student's `[teacher]` section.
        folder: folder of the cached soft targets.

    Raises:
        InputError: a net lacks a head of the student, or normalizes pixels differently.
    """
    job, sizes = training_job(run, run.recipe.train, run.folder("teacher"))
    names = section.nets if teacher is None else (zoo.TEACHER,)
    if teacher is None or run.teacher == zoo.TEACHER:
        found = [initial_weights.find(name) for name in names]
        nets = [initial.model(sizes) for initial in found]
        normalizations = {initial.net.normalization for initial in found}
    else:
        nets = [select_heads(artifacts.trained_model(teacher), list(sizes))]
        normalizations = {teacher.recipe.model.normalization}
    if normalizations != {run.recipe.model.normalization}:
        raise InputError(
            f"recipe {run.recipe.name} and its teacher normalize pixels differently: use a "
            "teacher with another [model]"
        )
    batches = input_pipeline.training(
        job.train,
        seed=job.seed,
        epochs=range(section.epochs),
        augment=job.augment,
        normalization=job.normalization,
    )
    images = job.train.steps * job.train.batch
    distillation.precompute(nets, batches, folder, epochs=section.epochs, images=images)


def soft_targets(run: Run, section: Teacher, folder: Path) -> SoftTargets:
    """Read the soft targets that `precompute` cached for a student.

    If FER+ votes are part of the fer2013 head's target, they are part of its soft targets too.
    """
    sizes = targets.head_sizes(contents.read(run.data), run.recipe)
    share = run.recipe.train.ferplus_share

    def with_ferplus(answers: NDArray[np.float16]) -> NDArray[np.float16]:
        if not share:
            return answers
        bounds = np.cumsum(list(sizes.values()))[:-1]
        parts = np.split(answers.astype(np.float32), bounds, axis=1)
        changed = targets.with_ferplus(dict(zip(sizes, parts, strict=True)), share)
        return np.concatenate(list(changed.values()), axis=1).astype(np.float16)

    return distillation.load(
        folder,
        epochs=section.epochs,
        sizes=list(sizes.values()),
        alpha=section.alpha,
        change=with_ferplus,
    )


def soft_targets_folder(
    run: Run, section: Teacher, teacher: Run | None, fingerprint: str | None
) -> Path:
    """The cache folder of a student's soft targets, named by a digest of all that they depend on.

    Args:
        run: the student's run.
        section: the student's `[teacher]` section.
        teacher: the teacher's run; None if the recipe names trained nets.
        fingerprint: fingerprint of the teacher's stage `train`.
    """
    # Keys of later versions count only where they are set: caches of earlier ones are still found.
    augment = run.recipe.augment.model_dump(mode="json")
    augment = {key: value for key, value in augment.items() if value or key not in _LATER_KEYS}
    known: dict[str, Any] = {
        "teacher": fingerprint or [*_digests(section), contents.read(run.data).digest],
        "seed": run.recipe.seed,
        "batch": run.recipe.train.batch,
        "augment": augment,
    }
    if run.recipe.data.sources:
        known["data"] = run.recipe.data.model_dump(mode="json")
    if teacher and run.recipe.model.heads != teacher.recipe.model.heads:
        known["heads"] = run.recipe.model.heads
    digest = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
    shared = Path(run.teacher) if run.teacher else run.folder("teacher")
    home = teacher.out if teacher else shared
    older = home / f"lessons-{digest[:12]}"  # its name in earlier versions
    return older if older.is_dir() else home / f"soft-targets-{digest[:12]}"


def _digests(section: Teacher) -> list[str]:
    return [initial_weights.find(name).digest for name in section.nets]
