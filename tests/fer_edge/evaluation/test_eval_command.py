"""`fer-edge eval`: one typed file, its reports, resuming, invalid input."""

import json
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from shutil import which

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from device.errors import InputError
from device.labels import FER2013, FERPLUS
from fer_edge.cli.app import app
from fer_edge.data import dataset, synthetic
from fer_edge.evaluation import document, evaluate, json_schema, report, robustness, types
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
    """After a change of the types: python -m fer_edge.evaluation.json_schema."""
    schema = document.SCHEMA.read_text(encoding="utf-8")
    assert schema == json_schema.text()
    jsonschema.validate(json.loads((folder / "evaluation.json").read_text()), json.loads(schema))


def test_the_page_is_whole_and_asks_for_nothing(folder: Path) -> None:
    page = (folder / "evaluation.html").read_text()
    assert "http" not in page and "<script" not in page
    tags: list[str] = []

    class Collect(HTMLParser):
        def handle_starttag(self, tag, attrs) -> None:
            tags.append(tag)

    Collect().feed(page)
    assert tags.count("svg") == len(CORRUPTIONS) + 2
    found = document.load(folder / "evaluation.json")
    worst = [model.robustness.worst for model in found.models if model.robustness]
    assert tags.count("img") == sum(map(len, worst)) + sum(
        bool(model.explain and model.explain.mistakes) for model in found.models
    )
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
    saved: list[types.Evaluation] = []
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


def test_a_further_suite_is_all_that_is_measured(faces: Path, tmp_path: Path) -> None:
    words = ["zoo:nano", "--data", faces, "--sample", 8, "--out", tmp_path, "--suite"]
    assert run(*words, "calibration").exit_code == 0
    (before,) = document.load(tmp_path / "evaluation.json").models
    assert before.slices is None
    assert run(*words, "slices").exit_code == 0
    (after,) = document.load(tmp_path / "evaluation.json").models
    assert after.slices and after.calibration == before.calibration


def test_photos_with_other_labels_than_the_models_are_refused(faces: Path, tmp_path: Path) -> None:
    photos = dataset.load(faces)
    unlike = tmp_path / "photos.npz"
    replace(photos, provenance={**photos.provenance, "synthetic": False}).save(unlike)
    done = run("zoo:nano/ferplus_int8", "--data", unlike, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "the faces are labeled angry" in done.output and "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["zoo:giant"], "zoo:giant"),
        (["none.tflite"], "none.tflite"),
        (["--suite", "beauty"], "'beauty' is not one of"),
        (["--reference", "zoo:base", "zoo:nano"], "one of the models"),
        (["--reference", "paper"], "a whole split"),
        (["--data", "none.npz"], "none.npz"),
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


def test_the_worst_images_were_right_before_they_were_corrupted(folder: Path) -> None:
    for model in document.load(folder / "evaluation.json").models:
        assert model.robustness is not None
        worst = model.robustness.worst
        assert 0 < len(worst) <= 10
        assert len({one.row for one in worst}) == len({w.corruption for w in worst}) == len(worst)
        assert [w.confidence for w in worst] == sorted((w.confidence for w in worst), reverse=True)
        assert all(one.label != one.answer for one in worst)


def test_the_most_confident_mistakes_are_explained(folder: Path) -> None:
    for model in document.load(folder / "evaluation.json").models:
        assert model.explain is not None
        assert len(model.explain.mistakes) == min(8, model.n - round(model.n * model.top1))
        if model.explain.mistakes:
            assert [one.method for one in model.explain.scores] == ["occlusion", "rise"]
            assert all(0 <= one.deletion <= 1 for one in model.explain.scores)


def test_errors_relative_to_the_recipe_paper(tmp_path: Path, monkeypatch) -> None:
    """The package contains these errors: with the same faces, seed and labels there is an mCE."""
    data = types.Data("faces", "1" * 64, "val", 8, False, 0)
    half = [types.CorruptionResult(name, [0.5] * 5, 7.0) for name in CORRUPTIONS]
    measured = types.Robustness(0.5, 0.5, 700.0, half)

    def model(labels: tuple[str, ...]) -> types.ModelEvaluation:
        return types.ModelEvaluation(
            "m", "m.tflite", "0", list(labels), 8, 0.5, 0.5, 0.5, measured, None, None
        )

    errors = dict.fromkeys(CORRUPTIONS, 0.625)
    known = {"splits": [{"data_digest": data.digest, "seed": 0, "errors": errors}]}
    (tmp_path / "errors.json").write_text(json.dumps(known))
    monkeypatch.setattr(robustness, "PAPER_ERRORS", tmp_path / "errors.json")
    own, other = robustness.relative_to("paper", [model(FER2013), model(FERPLUS)], data)
    assert own.robustness and own.robustness.mce == pytest.approx(80)
    assert other.robustness and other.robustness.mce is None
    assert robustness.paper_errors(replace(data, seed=1)) is None


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


def test_slices_by_face_size_hold_every_face(folder: Path) -> None:
    for model in document.load(folder / "evaluation.json").models:
        sizes = [one for one in model.slices or [] if one.attribute == "face size"]
        assert sum(one.n for one in sizes) == model.n
