import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from device.labels import FER2013
from device.model.classifier import Classifier
from fer_edge import deploy, recipe
from fer_edge.cli.app import app
from fer_edge.data import dataset, splits
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


def test_a_limit_takes_some_training_images_and_leaves_the_others_alone(tiny) -> None:
    limited = recipe.load(str(tiny.recipe), ["data.limit=50"])
    whole = recipe.load(str(tiny.recipe))
    some, everything = splits.training(tiny.data, limited), splits.training(tiny.data, whole)
    assert len(some.train) == 50
    assert set(some.train.rows.tolist()) < set(everything.train.rows.tolist())
    assert some.val is not None and everything.val is not None
    assert len(some.val) == len(everything.val)


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


def test_a_recipe_of_which_no_head_has_targets_is_refused(tiny, tmp_path: Path) -> None:
    options = ("--data", tiny.data, "--out", tmp_path / "run", "--set", 'model.heads=["ferplus"]')
    told = fer_edge("train", tiny.recipe, *options)
    assert told.exit_code == 2
    assert "--ferplus" in told.stderr
    assert not (tmp_path / "run").exists()


def commands(group: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The words of every command, including those in groups, with the command."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)
        else:
            yield (*names, name), command


ROOT = get_command(app)
ALL = dict(commands(ROOT))


def test_the_program_shows_an_example() -> None:
    assert "Example: fer-edge" in fer_edge("--help").output
    assert len(ALL) > 20


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_shows_an_example_that_calls_it(words: tuple[str, ...]) -> None:
    told = " ".join(fer_edge(*words, "--help").output.split())
    assert re.search(rf"Example: (sudo )?fer-edge {' '.join(words)}", told)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_no_help_text_is_lost_to_markup(words: tuple[str, ...]) -> None:
    """Rich reads `[name]` in a help text as a style and does not print it."""
    texts = [ALL[words].help, *(getattr(option, "help", None) for option in ALL[words].params)]
    assert not [text for text in texts if re.search(r"(?<!\\)\[[a-z]", text or "")]


FORBIDDEN = "('tensorflow', 'tf_keras', 'pydantic_core', 'matplotlib')"


@pytest.mark.parametrize("module", ["fer_edge.cli.app", "fer_edge"])
def test_the_command_line_starts_without_tensorflow(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {FORBIDDEN} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def device_modules() -> list[str]:
    import device

    found = pkgutil.walk_packages(device.__path__, "device.")
    return [module.name for module in found]


def test_no_module_of_device_imports_tensorflow_or_fer_edge() -> None:
    # Optional packages (the camera, MQTT, the page) may be missing; TensorFlow must not be there.
    code = f"""
import importlib, sys
for name in {device_modules()!r}:
    try:
        importlib.import_module(name)
    except ImportError as error:
        assert not (error.name or "").startswith("device"), error
print(sorted(m for m in sys.modules if m in {FORBIDDEN} or m.split(".")[0] == "fer_edge"))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
    assert len(device_modules()) > 40


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ([], "random 20 %"),
        (["data.test_fraction=0.35"], "random 35 %"),
        (["data.split=protocol"], "test"),
    ],
)
def test_results_say_which_images_were_tested_on(overrides: list[str], name: str) -> None:
    from fer_edge.pipeline.evaluate import split_name

    assert split_name(recipe.load("paper", overrides).data) == name


def test_an_interrupted_run_exports_the_bytes_of_an_undisturbed_one(
    finished: Run, tmp_path: Path
) -> None:
    # The names of layers must not depend on how many nets this process has built.
    from fer_edge.pipeline import export

    section = recipe.Export(precisions=("int8",))
    again = replace(finished, recipe=finished.recipe.model_copy(update={"export": section}))
    export.export(again, tmp_path)
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {"fer2013_int8.tflite", "fer2013_int8.card.json"}
    before = finished.folder("export") / "fer2013_int8.tflite"
    assert (tmp_path / "fer2013_int8.tflite").read_bytes() == before.read_bytes()


OWN = """
[model]
name = "mobilenet"
heads = ["fer2013"]
stem = [{ width = 8, stride = 2 }]
stages = [{ width = 8, stride = 2 }]
features = 16

[train]
epochs = 1
batch = 32
learning_rate = 1e-3

[export]
precisions = ["float32", "int8"]

[bench]
rounds = 2
"""


def test_own_labels_and_chosen_precisions_name_the_files(tiny, tmp_path: Path) -> None:
    faces = dataset.load(tiny.data)
    names = tuple(f"mood {i}" for i in range(7))
    replace(faces, label_names=names, file_digest=None).save(tmp_path / "own.npz")
    (tmp_path / "own.toml").write_text(OWN)
    out = tmp_path / "run"
    words = ("pipeline", tmp_path / "own.toml", "--data", tmp_path / "own.npz", "--out", out)
    told = fer_edge(*words)
    assert told.exit_code == 0, told.output
    # Without [quantize] there is no int8 file.
    assert [path.name for path in (out / "export").glob("*.tflite")] == ["own_float32.tflite"]
    assert Classifier(out / "export" / "own_float32.tflite").labels == names
    for stage in ("train", "export", "benchmark", "report"):
        assert f"{stage}: started" in told.stderr
    assert "export: own_float32.tflite (1 of 1)" in told.stderr
    assert deploy.find(str(out), None, "float32").name == "own_float32.tflite"
    (out / "export" / "own_float32.tflite").unlink()
    again = fer_edge(
        "pipeline", tmp_path / "own.toml", "--data", tmp_path / "own.npz", "--out", out
    )
    assert again.exit_code == 0, again.output
    assert (out / "export" / "own_float32.tflite").exists()
    assert "train      done before" in again.stdout
    assert "export     done before" not in again.stdout


def test_training_says_which_extra_to_install_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fer_edge import extras

    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "tensorflow" else name)
    monkeypatch.chdir(tmp_path)
    for command in ("train", "pipeline"):
        told = fer_edge(command, "demo")
        assert told.exit_code == 2
        assert "needs tensorflow" in told.stderr and "pip install 'fer-edge[train]'" in told.stderr
    assert not list(tmp_path.iterdir())
