"""`fer-edge eval` on other data sets and on external models."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.stats.bootstrap import cluster_interval
from benchmarks.stats.proportion import wilson
from fer_edge import zoo
from fer_edge.cli.app import app
from fer_edge.data import synthetic
from fer_edge.evaluation import document, slices, types

MAP = r"""
name = "small"
pattern = '(?P<label>\w+)/(?P<subject>p\d)_(?P<age>\w+)_\d+\.png$'
"""


def run(*words: object):
    return CliRunner().invoke(app, ["eval", *map(str, words), "--suite", "slices"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes and contempt, four images of each of three subjects."""
    out = tmp_path_factory.mktemp("set")
    images = synthetic.generate(6, seed=1).images
    for i, (label, person, number) in enumerate(
        (label, person, number)
        for label in ("happy", "sad", "contempt")
        for person in range(3)
        for number in range(2)
    ):
        path = out / label / f"p{person}_{'old' if person else 'young'}_{number}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), images[i])
    (out / "map.toml").write_text(MAP)
    return out


def test_scored_labels_persons_and_attributes_are_said(folder: Path, tmp_path: Path) -> None:
    done = run("zoo:nano", "--data", f"folder:{folder}", "--map", folder / "map.toml",
               "--out", tmp_path)  # fmt: skip
    assert done.exit_code == 0, done.output
    (model,) = document.load(tmp_path / "evaluation.json").models
    assert model.n == 12 and model.subjects == 3
    assert model.not_scored == [types.NotScored("contempt", 6)]
    assert model.without_images == ["angry", "disgust", "fear", "surprise", "neutral"]
    by_age = {one.value: one for one in model.slices or [] if one.attribute == "age"}
    assert {age: one.subjects for age, one in by_age.items()} == {"old": 2, "young": 1}
    assert all(one.small for one in by_age.values())
    page = (tmp_path / "evaluation.md").read_text()
    assert "contempt (6)" in page and "| zoo:nano | age | old (few images) |" in page


def test_a_folder_for_each_class_needs_no_map(folder: Path, tmp_path: Path) -> None:
    assert run("zoo:nano", "--data", f"folder:{folder}", "--out", tmp_path).exit_code == 0
    (model,) = document.load(tmp_path / "evaluation.json").models
    assert model.n == 12 and model.subjects is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--map", "nowhere"], "give one of"),
        (["--map", "jaffe"], "fits the map of JAFFE"),
        (["--split", "val"], "no images in split val"),
        (["--split", "train,test"], "give one of train, val, test"),
    ],
)
def test_a_folder_that_does_not_fit_is_one_line(
    folder: Path, words: list[str], message: str, tmp_path: Path
) -> None:
    done = run("zoo:nano", "--data", f"folder:{folder}", *words, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert message in done.output and "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


def test_a_map_for_prepared_faces_is_refused(tmp_path: Path) -> None:
    done = run("zoo:nano", "--data", "faces.npz", "--map", "kdef", "--out", tmp_path / "out")
    assert done.exit_code == 2 and "folder:PATH" in done.output


def test_an_external_model_is_evaluated_as_its_description_says(tmp_path: Path) -> None:
    shutil.copy(zoo.resolve("zoo:nano"), tmp_path / "other.tflite")
    description = tmp_path / "other.toml"
    text = (
        'head = "fer2013"\nsize = [48, 48]\nmean = 128\nstd = 128\n'
        'labels = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]\n'
    )
    words = [tmp_path / "other.tflite", "--peer", description, "--sample", 8, "--out"]
    found = []
    for changed in (text, text.replace("std = 128", "std = 0.001")):
        description.write_text(changed)
        done = run(*words, tmp_path / "out")
        assert done.exit_code == 0, done.output
        (model,) = document.load(tmp_path / "out" / "evaluation.json").models
        found.append(model)
    assert found[0].name == "other"
    assert found[0].description != found[1].description, "a changed description is run again"
    description.write_text("head = 1")
    assert run(*words, tmp_path / "out").exit_code == 2


def test_intervals_by_persons_are_wider_where_their_images_agree() -> None:
    people = np.repeat(np.arange(40).astype(str), 10)
    agreeing = np.repeat(np.random.default_rng(0).random(40) < 0.7, 10)
    low, high = cluster_interval(agreeing, people)
    plain = wilson(int(agreeing.sum()), 400)
    assert high - low > 2 * (plain[1] - plain[0])
    alone = cluster_interval(agreeing, np.arange(400).astype(str))
    assert alone == pytest.approx(plain, abs=0.01)


@pytest.mark.parametrize("right", [True, False])
def test_persons_without_spread_get_an_interval_of_their_number(right: bool) -> None:
    low, high = cluster_interval(np.full(30, right), np.repeat(np.array(["a", "b", "c"]), 10))
    assert [low, high] == pytest.approx(wilson(3 * right, 3))
    assert cluster_interval(np.full(4, right), np.full(4, "a")) == [0.0, 1.0]


def test_numbers_of_an_attribute_are_divided_into_quarters() -> None:
    ages = np.arange(80).astype(str)
    faces = np.zeros((80, 48, 48), np.uint8)
    right, labels = np.ones(80, bool), np.zeros(80, int)
    found = slices.slices(faces, right, labels, ["a"], None, None, np.ones(80), {"age": ages})
    assert [one.n for one in found if one.attribute == "age"] == [20] * 4
