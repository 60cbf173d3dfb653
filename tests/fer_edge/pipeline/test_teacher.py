"""A student learns from a teacher that was asked once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device.errors import InputError
from fer_edge import recipe
from fer_edge.pipeline import pipeline
from fer_edge.pipeline import teacher as teacher_stage
from fer_edge.training.distillation import Lessons

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def student(tiny, tmp_path_factory: pytest.TempPathFactory) -> pipeline.Run:
    """A trained student whose first epoch saw small pictures, with its teacher inside its run."""
    chosen = recipe.load(
        str(tiny.recipe),
        [
            f"teacher.recipe={tiny.recipe}",
            "teacher.views=2",
            "train.small_side=24",
            "train.small_epochs=1",
        ],
    )
    run = pipeline.Run(chosen, tiny.data, tmp_path_factory.mktemp("student"))
    assert [name for name, _ in pipeline.run(run, until="train")] == ["teacher", "train"]
    return run


def test_the_student_repeats_the_views_that_were_answered(student: pipeline.Run) -> None:
    answers = teacher_stage.answers(student)
    assert answers is not None
    assert answers.answers.shape == (2, 32 * (student_images(student) // 32), 7)
    np.testing.assert_allclose(answers.answers.astype(float).sum(axis=2), 1, atol=0.01)
    assert [answers.view(epoch) for epoch in range(4)] == [0, 1, 0, 1]


def student_images(run: pipeline.Run) -> int:
    from fer_edge.data import splits

    return len(splits.training(run.data, run.recipe).train)


def test_a_second_student_finds_the_teacher_and_its_answers(
    student: pipeline.Run, tmp_path: Path
) -> None:
    teacher = student.folder("teacher")
    before = {p: p.stat().st_mtime_ns for p in teacher.rglob("*") if p.is_file()}
    shorter = student.recipe.model_copy(
        update={"train": student.recipe.train.model_copy(update={"epochs": 1})}
    )
    second = replace(student, recipe=shorter, out=tmp_path, teacher=str(teacher))
    list(pipeline.run(second, until="teacher"))
    assert before == {p: p.stat().st_mtime_ns for p in teacher.rglob("*") if p.is_file()}


def test_an_interrupted_teacher_is_asked_only_what_is_missing(student: pipeline.Run) -> None:
    first, last = sorted(student.folder("teacher").glob("lessons-*/view_*.npy"))
    kept, lost = first.stat().st_mtime_ns, last.read_bytes()
    last.unlink()
    teacher_stage.teach(student, student.folder("teacher"))
    assert first.stat().st_mtime_ns == kept
    assert last.read_bytes() == lost


def test_a_teacher_with_other_heads_is_refused(tiny, tmp_path: Path) -> None:
    chosen = recipe.load(str(tiny.recipe), ["teacher.recipe=teacher"])
    with pytest.raises(InputError, match="heads"):
        list(pipeline.run(pipeline.Run(chosen, tiny.data, tmp_path)))


def test_the_share_decides_between_label_and_teacher() -> None:
    lessons = Lessons(np.full((1, 1, 2), 0.5, np.float16), (2,), share=0.25)
    (mixed,) = lessons.mix([np.array([[1.0, 0.0]], np.float32)], lessons.of(0))
    np.testing.assert_allclose(mixed, [[0.875, 0.125]])
