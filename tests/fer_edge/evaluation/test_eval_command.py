"""`fer-edge eval`: one typed file, its views, resuming, bad input."""

import json
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from shutil import which

import jsonschema
import numpy as np
import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from device.errors import InputError
from fer_edge.cli.app import app
from fer_edge.data import synthetic
from fer_edge.evaluation import document, evaluate, report
from fer_edge.evaluation.corruptions import CORRUPTIONS


def run(*words: object):
    return CliRunner().invoke(app, ["eval", *map(str, words)])


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("eval") / "faces.npz"
    synthetic.generate(20, seed=2).save(path)
    return path


@pytest.fixture(scope="module")
def folder(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("eval") / "out"
    done = run("zoo:nano", "zoo:small", "--data", faces, "--sample", 16, "--out", out)
    assert done.exit_code == 0, done.output
    return out


def test_the_file_holds_every_suite_of_every_model(folder: Path) -> None:
    found = document.load(folder / "evaluation.json")
    assert [model.name for model in found.models] == ["zoo:nano", "zoo:small"]
    assert not found.partial and found.reference == "zoo:nano"
    for model in found.models:
        assert model.robustness and model.calibration and model.slices
        assert [one.name for one in model.robustness.corruptions] == list(CORRUPTIONS)
        assert all(len(one.top1) == 5 for one in model.robustness.corruptions)
    nano, _ = found.models
    assert nano.robustness is not None and nano.robustness.mce == pytest.approx(100)


def test_the_schema_is_that_of_the_types(folder: Path) -> None:
    made = TypeAdapter(document.Evaluation).json_schema()
    assert json.loads(document.SCHEMA.read_text()) == made, "write it again: see docs/eval.md"
    jsonschema.validate(json.loads((folder / "evaluation.json").read_text()), made)


def test_the_page_is_whole_and_asks_for_nothing(folder: Path) -> None:
    page = (folder / "evaluation.html").read_text()
    assert "http" not in page and "<script" not in page
    tags: list[str] = []

    class Collect(HTMLParser):
        def handle_starttag(self, tag, attrs) -> None:
            tags.append(tag)

    Collect().feed(page)
    assert tags.count("svg") == len(CORRUPTIONS) + 2
    assert "side light" in (folder / "evaluation.md").read_text()


@pytest.mark.skipif(which("chromium") is None, reason="no chromium")
def test_a_browser_draws_it_without_errors(folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=390,1200",
         f"--screenshot={picture}", (folder / "evaluation.html").as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert picture.stat().st_size > 5000


def test_an_interrupted_evaluation_goes_on_where_it_was(faces: Path, tmp_path: Path) -> None:
    from fer_edge import zoo
    from fer_edge.data import evaluation_faces

    models = [evaluate.Model(n, zoo.resolve(f"zoo:{n}")) for n in ("nano", "small")]
    data = evaluation_faces.sample(evaluation_faces.load(faces, "test"), 8)
    saved: list[document.Evaluation] = []
    started: list[str] = []

    def interrupt(description: str) -> None:
        started.append(description)
        if description == "small: noise":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate.evaluate(models, data, "test", save=saved.append, step=interrupt)
    assert saved[-1].partial and [m.name for m in saved[-1].models] == ["nano"]
    started.clear()
    whole = evaluate.evaluate(models, data, "test", known=saved[-1], step=started.append)
    assert [m.name for m in whole.models] == ["nano", "small"] and not whole.partial
    assert not any(description.startswith("nano") for description in started)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["zoo:giant"], "zoo:giant"),
        (["none.tflite"], "none.tflite"),
        (["--suite", "beauty"], "'beauty' is none of"),
        (["--reference", "zoo:base", "zoo:nano"], "among the models"),
        (["--data", "none.npz"], "none.npz"),
        (["zoo:nano/ferplus_int8"], "labeled"),
    ],
)
def test_wrong_input_is_one_line(words: list[str], message: str, tmp_path: Path) -> None:
    done = run(*words, "--out", tmp_path / "out", "--sample", 4)
    assert done.exit_code == 2
    assert message in done.output and "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema_version": "9.0"}', "[" * 100000])
def test_a_damaged_file_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_text(content)
    with pytest.raises(InputError, match=r"evaluation\.json"):
        document.load(tmp_path / "evaluation.json")


def test_small_slices_are_marked(folder: Path) -> None:
    found = document.load(folder / "evaluation.json")
    assert all(one.small for one in found.models[0].slices or [])
    assert "few images" in report.markdown(found)
    assert np.isclose(sum(s.n for s in found.models[0].slices or [] if s.attribute == "class"), 16)


def test_the_tables_of_the_docs_are_those_of_the_file() -> None:
    docs = Path(__file__).parents[3] / "docs"
    found = document.load(docs / "figures" / "evaluation-zoo.json")
    page = (docs / "eval.md").read_text()
    tables = report.markdown(found).split("\n\n")
    for table in (t for t in tables if t.startswith(("| model | n", "| corruption"))):
        assert table.strip() in page
