"""The stage before a student's training: a teacher of its own recipe, and its answers.

The teacher is a run like any other, inside the student's run or, with `--teacher DIR`, in a folder
that several students share. Its answers stand beside it, so that those students share them too.
With `--teacher zoo:teacher` it is the shipped one, and is not trained again.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.errors import InputError
from fer_edge import recipe as recipes
from fer_edge import zoo
from fer_edge.data import splits
from fer_edge.pipeline import stages
from fer_edge.recipe import Recipe
from fer_edge.training import distillation, input_pipeline, targets
from fer_edge.training.distillation import Lessons

if TYPE_CHECKING:
    from fer_edge.pipeline.pipeline import Run


def settings(run: "Run") -> dict[str, Any]:
    """What the teacher's answers depend on, for the fingerprint of the student's stages."""
    section = run.recipe.teacher
    assert section is not None
    teacher = _recipe(run.recipe)
    return {
        "views": section.views,
        "recipe": teacher.model_dump(
            mode="json", exclude_defaults=True, exclude={"name", "description", "quantize"}
        ),
    }


def teach(run: "Run", out: Path) -> None:
    """Train the teacher, unless it is there, and ask it about every picture of every view."""
    from fer_edge.pipeline import pipeline
    from fer_edge.pipeline import train as train_stages

    section = run.recipe.teacher
    assert section is not None
    teacher = _teacher(run)
    if run.teacher == zoo.TEACHER:
        net = train_stages.net(teacher, zoo.teacher_weights())
    else:
        for _ in pipeline.run(teacher, until="train"):
            pass
        net = train_stages.trained_model(teacher)
    job, _ = train_stages.training_job(run, run.recipe.train, out)
    views = input_pipeline.training(
        job.train,
        batch=job.batch,
        seed=job.seed,
        epochs=range(section.views),
        augment=job.augment,
        normalisation=teacher.recipe.model.normalisation,
    )
    whole = len(job.train) // job.batch * job.batch
    distillation.ask(net, views, _folder(run), views=section.views, images=whole)


def answers(run: "Run") -> Lessons | None:
    """What the stage left for the student; None where the recipe has no teacher."""
    section = run.recipe.teacher
    if section is None:
        return None
    heads = targets.head_sizes(splits.training(run.data, run.recipe).train, run.recipe)
    return distillation.load(
        _folder(run), views=section.views, sizes=list(heads.values()), share=section.share
    )


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


def _teacher(run: "Run") -> "Run":
    from fer_edge.pipeline.pipeline import Run

    own = run.teacher is None or run.teacher == zoo.TEACHER
    folder = run.folder("teacher") if own else Path(run.teacher or "")
    return Run(_recipe(run.recipe), run.data, folder)


def _folder(run: "Run") -> Path:
    """Where the answers stand: named after all that decides what the teacher is shown."""
    from fer_edge.pipeline.pipeline import plan

    teacher = _teacher(run)
    shown = {
        "teacher": stages.fingerprints(plan(teacher))[0],
        "seed": run.recipe.seed,
        "batch": run.recipe.train.batch,
        "augment": run.recipe.augment.model_dump(mode="json"),
    }
    digest = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
    return teacher.out / f"lessons-{digest[:12]}"
