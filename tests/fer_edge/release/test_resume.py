"""The training of a shipped net is continued without the run that made it."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from device.errors import InputError
from fer_edge import recipe
from fer_edge.pipeline import pipeline, train
from fer_edge.pipeline.run import Run
from fer_edge.release.publish import publish_teacher
from fer_edge.release.resume import NOTE, app, resume
from fer_edge.training import history

pytestmark = pytest.mark.slow

MORE = ["train.epochs=5", "train.restarts=[3]"]


def longer(tiny, out: Path, overrides: list[str] = MORE) -> Run:
    return Run(recipe.load(str(tiny.recipe), overrides), tiny.data, out)


@pytest.fixture(scope="module")
def resumed(tiny, finished: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = longer(tiny, tmp_path_factory.mktemp("resumed"))
    resume(run, finished.folder("train") / "weights.npz", epochs=3, hours=0.5)
    return run


def test_it_begins_with_the_weights_and_does_only_the_epochs_that_are_left(
    resumed: Run, finished: Run
) -> None:
    from fer_edge.training import state

    model, job = train.float_training(resumed, resumed.folder("train"))
    state.restore(model, job.phase, job.out, ema=job.ema)
    with np.load(finished.folder("train") / "weights.npz") as before:
        for i, weight in enumerate(model.get_weights()):
            np.testing.assert_array_equal(weight, before[f"arr_{i}"])

    list(pipeline.run(resumed, until="train"))
    rows = history.load(resumed.folder("train") / "history.csv")
    assert [row["epoch"] for row in rows] == [4, 5]
    assert json.loads((resumed.folder("train") / NOTE).read_text())["epochs"] == 3


def test_a_training_that_has_begun_is_left_alone(resumed: Run, finished) -> None:
    with pytest.raises(InputError, match="already contains a training"):
        resume(resumed, finished.folder("train") / "weights.npz", epochs=3, hours=0.5)


def test_a_recipe_without_a_restart_there_is_refused(tiny, finished, tmp_path: Path) -> None:
    run = longer(tiny, tmp_path / "new", ["train.epochs=5"])
    with pytest.raises(InputError, match="no restart after epoch 3"):
        resume(run, finished.folder("train") / "weights.npz", epochs=3, hours=0.5)
    assert not run.out.exists()


def test_a_shipped_teacher_goes_on_by_its_card(tiny, finished: Run, tmp_path: Path) -> None:
    home = publish_teacher(finished.out, tmp_path / "zoo").parent
    card = json.loads((home / "teacher" / "card.json").read_text())
    rows = history.load(finished.folder("train") / "history.csv")
    assert card["recipe"]["train"]["epochs"] == len(rows)
    assert card["val"]["val_top1_fer2013"] == max(row["val_top1_fer2013"] for row in rows)

    chosen = tmp_path / "teacher.toml"
    chosen.write_text(tiny.recipe.read_text())
    options = {"--recipe": chosen, "--data": tiny.data, "--home": home}
    words = [*(word for pair in options.items() for word in pair), *(f"--set={o}" for o in MORE)]
    done = CliRunner().invoke(app, [str(word) for word in (tmp_path / "run", *words)])
    assert done.exit_code == 0
    note = json.loads((tmp_path / "run" / "train" / NOTE).read_text())
    assert note["epochs"] == 3
    assert note["hours"] == card["hours"]["train"]


def test_a_teacher_that_is_still_learning_is_not_published(finished: Run, tmp_path: Path) -> None:
    stage = json.loads((finished.folder("train") / "stage.json").read_text())
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "stage.json").write_text(json.dumps(stage | {"done": False}))
    with pytest.raises(InputError, match="not fully trained"):
        publish_teacher(tmp_path, tmp_path / "zoo")
    assert not (tmp_path / "zoo").exists()


def test_a_net_without_a_card_is_told_in_one_line(tiny, tmp_path: Path) -> None:
    words = [tmp_path / "run", "--recipe", tiny.recipe, "--data", tiny.data, "--home", tmp_path]
    told = CliRunner().invoke(app, [str(word) for word in words])
    assert told.exit_code == 2
    assert told.output.startswith("resume: ")
    assert "card.json is missing" in told.output
    assert not (tmp_path / "run").exists()
