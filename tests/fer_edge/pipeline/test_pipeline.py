import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from device.labels import FER2013
from device.model.classifier import Classifier
from fer_edge.cli.app import app
from fer_edge.data import splits
from fer_edge.pipeline.run import Run

PRECISIONS = ("float32", "float16", "dynamic", "ptq", "int8")

pytestmark = pytest.mark.slow


def fer_edge(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_every_precision_of_every_head_is_exported_with_its_card(finished: Run) -> None:
    for precision in PRECISIONS:
        path = finished.folder("export") / f"fer2013_{precision}.tflite"
        assert Classifier(path).labels == FER2013
        card = json.loads(path.with_suffix(".card.json").read_text())
        assert card["bytes"] == path.stat().st_size
        assert card["data"]["synthetic"] is True
        assert card["metrics"]["accuracy"]


def test_the_int8_file_takes_pixels_as_bytes_and_holds_the_zeros(finished: Run) -> None:
    from quantization.verify.parity import float_tensors

    path = finished.folder("export") / "fer2013_int8.tflite"
    assert Classifier(path).precision == "int8"
    assert float_tensors(path) == []
    pruned = json.loads((finished.folder("prune") / "zeros.json").read_text())
    assert pruned["overall"] == pytest.approx(0.5, abs=0.02)


def test_the_report_has_the_table_the_plot_and_says_synthetic(finished: Run) -> None:
    folder = finished.folder("report")
    text = (folder / "report.md").read_text()
    assert "fer2013_int8" in text
    assert "ynthetic" in text
    assert (folder / "pareto.png").stat().st_size > 10_000


def test_parity_is_written_down(finished: Run) -> None:
    found = json.loads((finished.folder("verify") / "parity.json").read_text())
    assert found["fer2013_int8.tflite"]["n"] > 0


def test_doing_it_again_does_nothing(finished: Run, tiny) -> None:
    before = {p: p.stat().st_mtime_ns for p in finished.out.rglob("*") if p.is_file()}
    again = fer_edge("pipeline", tiny.recipe, "--data", tiny.data, "--out", finished.out)
    assert again.exit_code == 0, again.output
    assert "done before" in again.output
    assert before == {p: p.stat().st_mtime_ns for p in finished.out.rglob("*") if p.is_file()}


def test_another_recipe_leaves_the_run_alone(finished: Run, tiny) -> None:
    options = ("--data", tiny.data, "--out", finished.out, "--set", "prune.sparsity=0.7")
    refused = fer_edge("pipeline", tiny.recipe, *options)
    assert refused.exit_code == 2
    assert "prune.sparsity = 0.5, not 0.7" in refused.output
    assert str(finished.folder("prune")) in refused.output


def test_json_is_for_machines(finished: Run, tiny) -> None:
    told = fer_edge("pipeline", tiny.recipe, "--data", tiny.data, "--out", finished.out, "--json")
    assert json.loads(told.stdout)["results"]["schema_version"] == "2.1"
    trained = fer_edge("train", tiny.recipe, "--data", tiny.data, "--out", finished.out, "--json")
    assert len(json.loads(trained.stdout)["history"]) == 3


def test_a_training_is_never_handed_test_images(finished: Run) -> None:
    handed = splits.training(finished.data, finished.recipe)
    tested = splits.testing(finished.data, finished.recipe).test
    assert handed.val is not None
    seen = np.concatenate([handed.train.rows, handed.val.rows])
    assert not set(seen.tolist()) & set(tested.rows.tolist())


def test_a_random_split_deals_all_rows(tiny) -> None:
    from fer_edge import recipe

    paper = recipe.load("paper")
    handed, tested = splits.training(tiny.data, paper), splits.testing(tiny.data, paper)
    assert handed.val is None
    assert len(tested.test) == round(0.2 * 280)
    assert len(handed.train) + len(tested.test) == 280


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pipeline", "demo", "--data", "none.npz"), "none.npz"),
        (("pipeline", "medium"), "no recipe 'medium'"),
        (("train", "demo", "--set", "train.epochs=-1"), "train.epochs"),
    ],
)
def test_wrong_input_is_one_line_and_exit_2(words, said: str, tmp_path: Path) -> None:
    told = fer_edge(*words, "--out", tmp_path / "run")
    assert told.exit_code == 2
    assert said in told.output
    assert len(told.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "run" / "train").exists()


def test_votes_that_are_missing_are_asked_for(tiny, tmp_path: Path) -> None:
    told = fer_edge("train", "small", "--data", tiny.data, "--out", tmp_path / "run")
    assert told.exit_code == 2
    assert "--ferplus" in told.stderr


def test_every_command_shows_an_example() -> None:
    assert "Example" in fer_edge("--help").output
    commands = ("train", "pipeline", "predict", "bench")
    for command in (*((c,) for c in commands), ("data", "prepare"), ("data", "audit")):
        assert "Example: fer-edge" in fer_edge(*command, "--help").output


@pytest.mark.parametrize("module", ["fer_edge.cli.app", "device"])
def test_the_command_line_starts_without_tensorflow(module: str) -> None:
    code = (
        f"import sys, {module}; print([m for m in ('tensorflow', 'tf_keras') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
