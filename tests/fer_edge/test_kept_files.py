"""Files that versions 0.1 and 0.2 wrote are still read. They were written by the code of that time.

`kept/0.1` has drawn faces with votes, two recipes that shipped, the notes that stages of runs left,
what `run --jsonl` and `predict --json` printed, and a card; `kept/0.2` an evaluation and a line of
`run --jsonl`. Results and rules of `bench` and `gate` are in tests/benchmarks/data.
"""

import json
import logging
import shutil
from pathlib import Path

import cv2
import jsonschema
import pytest
from typer.testing import CliRunner

from device.model import card as device_card
from device.model.card import card_path
from fer_edge import recipe, section, zoo
from fer_edge.cli.app import app
from fer_edge.data import dataset, synthetic
from fer_edge.evaluation import document, report
from fer_edge.pipeline import pipeline, stages
from fer_edge.pipeline.run import Run
from quantization.tflite import card

KEPT = Path(__file__).parent / "kept"
OLD = KEPT / "0.1"
STAGES = json.loads((OLD / "stages.json").read_text())
LINE_SCHEMA = Path(__file__).parents[2] / "device" / "sinks" / "result-1.0.schema.json"


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("portrait") / "portrait.png"
    cv2.imwrite(str(path), synthetic.portrait("happy", seed=0))
    return path


def planned(name: str, out: Path) -> list[stages.Stage]:
    found = recipe.load(str(OLD / f"{name}.toml") if (OLD / f"{name}.toml").exists() else name)
    teacher = zoo.TEACHER if found.teacher else None
    return pipeline.plan(Run(found, OLD / "faces.npz", out, teacher=teacher))


def test_a_data_file_of_0_1_has_the_digest_that_runs_noted() -> None:
    faces = dataset.load(OLD / "faces.npz")
    assert len(faces.images) == 21 and faces.votes.sum() > 0
    assert faces.digest == STAGES["demo"]["train"]["settings"]["data"]


@pytest.mark.parametrize("name", ["demo", "paper"])
def test_a_finished_run_of_0_1_is_known_and_nothing_is_run_again(name: str, tmp_path: Path) -> None:
    for stage, note in STAGES[name].items():
        (tmp_path / stage).mkdir()
        (tmp_path / stage / "stage.json").write_text(json.dumps(note))
    steps = planned(name, tmp_path)
    assert [step.name for step in steps] == list(STAGES[name])
    assert {seconds for _, seconds in stages.run(steps, tmp_path)} == {None}


def test_a_recipe_of_0_1_is_read_with_one_line_for_each_old_key(caplog) -> None:
    section._warn_renamed.cache_clear()
    with caplog.at_level(logging.WARNING):
        found = recipe.load(str(OLD / "nano.toml"))
    assert found.teacher.alpha == 0.7 and found.teacher.epochs == 12
    assert found.quantize.distill == 0.7
    assert sorted(caplog.messages) == [
        f"recipe: {old} is now called {new}; the old name is still accepted"
        for old, new in (("distil", "distill"), ("share", "alpha"), ("views", "epochs"))
    ]


def test_trainings_of_a_recipe_of_0_1_have_the_settings_of_then(tmp_path: Path) -> None:
    found = {step.name: step.settings for step in planned("nano", tmp_path)}
    for stage in ("train", "quantize", "export", "verify", "benchmark"):
        assert found[stage] == STAGES["nano"][stage]["settings"], stage


def test_a_card_of_0_1_is_read_by_runner_and_export(tmp_path: Path) -> None:
    model = shutil.copyfile(zoo.resolve("zoo:nano"), tmp_path / "fer2013_int8.tflite")
    old = json.loads((OLD / "fer2013_int8.card.json").read_text())
    assert "normalisation" in old["input"]
    card_path(model).write_text(json.dumps(old | {"sha256": card.sha256(model)}))
    found = card.read(model)
    assert found["input"]["normalization"] == {"mean": 128.0, "std": 128.0}
    assert found["metrics"] == old["metrics"]
    assert device_card.margin(model) == old["input"]["margin"]
    assert device_card.threshold(model) == device_card.THRESHOLD


@pytest.mark.parametrize("version", ["0.1", "0.2"])
def test_lines_of_earlier_versions_follow_the_schema_of_today(version: str) -> None:
    (line,) = (KEPT / version / "run.jsonl").read_text().splitlines()
    jsonschema.validate(json.loads(line), json.loads(LINE_SCHEMA.read_text()))


def test_lines_of_earlier_versions_are_appended_to(tmp_path: Path, portrait: Path) -> None:
    old = (OLD / "run.jsonl").read_text()
    lines = tmp_path / "run.jsonl"
    lines.write_text(old)
    done = CliRunner().invoke(app, ["run", str(portrait), "--jsonl", str(lines)])
    assert done.exit_code == 0, done.output
    assert lines.read_text().startswith(old)
    assert [json.loads(line).keys() for line in lines.read_text().splitlines()] == [
        json.loads(old).keys()
    ] * 2


def test_what_predict_printed_has_the_keys_of_today(portrait: Path) -> None:
    old = json.loads((OLD / "predict.json").read_text())
    now = json.loads(CliRunner().invoke(app, ["predict", str(portrait), "--json"]).stdout)
    assert old.keys() <= now.keys()
    assert old["faces"][0].keys() <= now["faces"][0].keys()


def test_an_evaluation_of_0_2_is_read_and_shown(tmp_path: Path) -> None:
    found = document.load(KEPT / "0.2" / "evaluation.json")
    assert found.data.split == "val"
    assert found.models[0].name in report.markdown(found)
    for path in report.write(found, tmp_path):
        assert path.stat().st_size > 0
