"""A student learns from cached predictions of a teacher."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device.errors import InputError
from fer_edge import recipe, zoo
from fer_edge.data import dataset
from fer_edge.pipeline import heads, pipeline, stages, teacher
from fer_edge.pipeline.run import Run
from fer_edge.training.distillation import SoftTargets

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def student(tiny, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A trained student whose first epoch used small images, with its teacher inside its run."""
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
    cached = teacher.soft_targets(student, student.recipe.teacher, cache(student))
    assert cached.probabilities.shape == (2, 32 * (student_images(student) // 32), 7)
    np.testing.assert_allclose(cached.probabilities.astype(float).sum(axis=2), 1, atol=0.01)
    assert [cached.cached_epoch(epoch) for epoch in range(4)] == [0, 1, 0, 1]


def cache(run: Run) -> Path:
    """The folder with the soft targets of a student."""
    taught_by = teacher.teacher_run(run, run.recipe.teacher)
    trained = stages.fingerprints(pipeline.plan(taught_by))[0]
    return teacher.soft_targets_folder(run, run.recipe.teacher, taught_by, trained)


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


def test_an_interrupted_teacher_is_asked_only_what_is_missing(student: Run, capfd) -> None:
    first, last = sorted(student.folder("teacher").glob("soft-targets-*/view_*.npy"))
    kept, lost = first.stat().st_mtime_ns, last.read_bytes()
    last.unlink()
    section = student.recipe.teacher
    teacher.precompute(student, teacher.teacher_run(student, section), section, cache(student))
    assert first.stat().st_mtime_ns == kept
    assert last.read_bytes() == lost
    said = [line for line in capfd.readouterr().err.splitlines() if "soft targets" in line]
    assert len(said) == 1 and "epoch 2/2" in said[0]


def with_votes(data: Path, out: Path) -> Path:
    """The same faces, each with ten votes for FER+'s neutral."""
    faces = dataset.load(data)
    votes = np.zeros((len(faces), 10), np.uint8)
    votes[:, 0] = 10
    replace(faces, votes=votes, file_digest=None).save(out)
    return out


def test_a_teacher_that_lacks_a_head_is_refused(tiny, tmp_path: Path) -> None:
    both = 'model.heads=["fer2013", "ferplus"]'
    chosen = recipe.load(str(tiny.recipe), [f"teacher.recipe={tiny.recipe}", both])
    data = with_votes(tiny.data, tmp_path / "votes.npz")
    with pytest.raises(InputError, match="the teacher lacks ferplus"):
        list(pipeline.run(Run(chosen, data, tmp_path / "run")))


def test_a_student_and_its_teacher_leave_out_the_head_without_votes(
    tiny, tmp_path: Path, caplog
) -> None:
    heads._warn.cache_clear()
    both = recipe.load("small", ["train.batch=32", "teacher.epochs=1"])
    planned = pipeline.plan(Run(both, tiny.data, tmp_path))
    taught, trained = (dict(stage.settings) for stage in planned[:2])
    assert trained["model"]["heads"] == taught["recipe"]["model"]["heads"] == ["fer2013"]
    (said,) = (record.getMessage() for record in caplog.records)
    assert "no FER+ votes" in said and "the head ferplus is removed" in said


def test_a_student_of_one_head_learns_from_the_shipped_teacher_of_two(tiny, tmp_path: Path) -> None:
    chosen = recipe.load(str(tiny.recipe), ["teacher.epochs=1"])
    run = Run(chosen, tiny.data, tmp_path, teacher=zoo.TEACHER)
    assert [name for name, _ in pipeline.run(run, until="teacher")] == ["teacher"]
    (cached,) = (np.load(path) for path in tmp_path.rglob("view_000.npy"))
    assert cached.shape[1] == 7
    np.testing.assert_allclose(cached.astype(float).sum(axis=1), 1, atol=0.01)


def test_a_recipe_that_is_its_own_teacher_is_refused(tiny, tmp_path: Path) -> None:
    text = tiny.recipe.read_text() + f'\n[teacher]\nrecipe = "{tmp_path / "own.toml"}"\n'
    (tmp_path / "own.toml").write_text(text)
    chosen = recipe.load(str(tmp_path / "own.toml"))
    with pytest.raises(InputError, match="its own teacher"):
        list(pipeline.run(Run(chosen, tiny.data, tmp_path / "run")))


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


def test_a_net_without_a_head_of_the_student_cannot_teach(tiny, finished, tmp_path: Path) -> None:
    both = 'model.heads=["fer2013", "ferplus"]'
    chosen = recipe.load(str(tiny.recipe), [f'teacher.nets=["{finished.out}"]', both])
    data = with_votes(tiny.data, tmp_path / "votes.npz")
    with pytest.raises(InputError, match="ferplus with 8 labels"):
        list(pipeline.run(Run(chosen, data, tmp_path / "run"), until="teacher"))
