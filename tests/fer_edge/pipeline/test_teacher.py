"""A student learns from a teacher that was asked once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device.errors import InputError
from fer_edge import recipe
from fer_edge.pipeline import pipeline, stages, teacher
from fer_edge.pipeline.run import Run
from fer_edge.training.distillation import SoftTargets

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def student(tiny, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A trained student whose first epoch saw small pictures, with its teacher inside its run."""
    chosen = recipe.load(
        str(tiny.recipe),
        [
            f"teacher.recipe={tiny.recipe}",
            "teacher.epochs=2",
            "train.small_side=24",
            "train.small_epochs=1",
        ],
    )
    run = Run(chosen, tiny.data, tmp_path_factory.mktemp("student"))
    assert [name for name, _ in pipeline.run(run, until="train")] == ["teacher", "train"]
    return run


def test_the_student_repeats_the_views_that_were_answered(student: Run) -> None:
    cached = teacher.soft_targets(student, cache(student))
    assert cached.probabilities.shape == (2, 32 * (student_images(student) // 32), 7)
    np.testing.assert_allclose(cached.probabilities.astype(float).sum(axis=2), 1, atol=0.01)
    assert [cached.cached_epoch(epoch) for epoch in range(4)] == [0, 1, 0, 1]


def cache(run: Run) -> Path:
    """The folder with the soft targets of a student."""
    taught_by = teacher.teacher_run(run)
    trained = stages.fingerprints(pipeline.plan(taught_by))[0]
    return teacher.soft_targets_folder(run, taught_by, trained)


def student_images(run: Run) -> int:
    from fer_edge.data import splits

    return len(splits.training(run.data, run.recipe).train)


def test_a_second_student_finds_the_teacher_and_its_soft_targets(
    student: Run, tmp_path: Path
) -> None:
    folder = student.folder("teacher")
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}
    shorter = student.recipe.model_copy(
        update={"train": student.recipe.train.model_copy(update={"epochs": 1})}
    )
    second = replace(student, recipe=shorter, out=tmp_path, teacher=str(folder))
    list(pipeline.run(second, until="teacher"))
    assert before == {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def test_an_interrupted_teacher_is_asked_only_what_is_missing(student: Run) -> None:
    first, last = sorted(student.folder("teacher").glob("soft-targets-*/view_*.npy"))
    kept, lost = first.stat().st_mtime_ns, last.read_bytes()
    last.unlink()
    teacher.precompute(student, teacher.teacher_run(student), cache(student))
    assert first.stat().st_mtime_ns == kept
    assert last.read_bytes() == lost


def test_a_teacher_with_other_heads_is_refused(tiny, tmp_path: Path) -> None:
    chosen = recipe.load(str(tiny.recipe), ["teacher.recipe=teacher"])
    with pytest.raises(InputError, match="heads"):
        list(pipeline.run(Run(chosen, tiny.data, tmp_path)))


def test_the_share_decides_between_label_and_teacher() -> None:
    cached = SoftTargets(np.full((1, 1, 2), 0.5, np.float16), (2,), alpha=0.25)
    (mixed,) = cached.mix([np.array([[1.0, 0.0]], np.float32)], cached.tensor(0))
    np.testing.assert_allclose(mixed, [[0.875, 0.125]])


def test_an_image_of_a_further_set_follows_its_label_as_far_as_it_is_trusted() -> None:
    lessons = SoftTargets(np.full((1, 3, 2), 0.5, np.float16), (2,), alpha=0.25)
    target = np.array([[1, 0], [1, 0], [0, 0]], np.float32)
    trust = np.array([-1, 0.9, 0.9], np.float32)
    (mixed,) = lessons.mix([target], lessons.tensor(0), trust)
    np.testing.assert_allclose(mixed, [[0.875, 0.125], [0.95, 0.05], [0.5, 0.5]], atol=1e-6)


def test_trained_nets_teach_without_a_run_of_their_own(tiny, finished, tmp_path: Path) -> None:
    chosen = recipe.load(str(tiny.recipe), ["teacher.epochs=1", f'teacher.nets=["{finished.out}"]'])
    run = Run(chosen, tiny.data, tmp_path)
    assert [name for name, _ in pipeline.run(run, until="teacher")] == ["teacher"]
    (view,) = tmp_path.glob("teacher/soft-targets-*/view_*.npy")
    assert not (tmp_path / "teacher" / "train").exists()
    np.testing.assert_allclose(np.load(view).astype(float).sum(axis=1), 1, atol=0.01)


def test_a_net_of_other_heads_cannot_teach(tiny, tmp_path: Path) -> None:
    chosen = recipe.load(str(tiny.recipe), ['teacher.nets=["zoo:nano"]'])
    with pytest.raises(InputError, match="ferplus with 8 labels"):
        list(pipeline.run(Run(chosen, tiny.data, tmp_path), until="teacher"))
