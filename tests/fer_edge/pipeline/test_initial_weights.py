"""A training that starts from a trained net, on data with its own labels."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from fer_edge.cli.app import app
from fer_edge.data import synthetic
from fer_edge.pipeline import initial_weights
from fer_edge.pipeline.run import Run
from fer_edge.training import history

pytestmark = pytest.mark.slow

OWN = {"happy": "delighted", "sad": "gloomy", "surprise": "startled"}


def fer_edge(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def my_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders with names unknown to any data set, and without splits."""
    folder = tmp_path_factory.mktemp("own") / "my_faces"
    drawn = synthetic.generate(40, seed=9)
    for name, own in OWN.items():
        (folder / own).mkdir(parents=True)
        chosen = drawn.images[drawn.labels == drawn.label_names.index(name)]
        for i, image in enumerate(chosen):
            cv2.imwrite(str(folder / own / f"{i}.png"), image)
    return folder


def test_a_run_starts_from_another_with_labels_of_its_own(
    finished: Run, my_faces: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    settings = ("--set", "train.epochs=2", "--set", "train.batch=16")
    told = fer_edge("train", "--init", finished.out, "--data", my_faces, "--out", out, *settings)
    assert told.exit_code == 0, told.output
    assert len(history.load(out / "train" / "history.csv")) == 2
    trunk, head = _stem_and_head(out / "train" / "weights.npz")
    before, _ = _stem_and_head(finished.out / "train" / "weights.npz")
    assert np.corrcoef(trunk.ravel(), before.ravel())[0, 1] > 0.9  # went on from there
    assert head.shape == (3,)

    again = fer_edge("train", "--init", finished.out, "--data", my_faces, "--out", out, *settings)
    assert "done before" in again.output
    fresh = fer_edge("train", "--data", my_faces, "--out", out)
    assert fresh.exit_code == 2


def _stem_and_head(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with np.load(path) as file:
        return file["arr_0"], file[f"arr_{len(file.files) - 1}"]


def test_the_same_labels_keep_the_trained_head(finished: Run) -> None:
    start = initial_weights.find(str(finished.out))
    model = start.net.build({"fer2013": 7}, seed=99)
    start.load_into(model, start.labels)
    trained = start.net.build({"fer2013": 7}, seed=1)
    from fer_edge.training import weights

    weights.load(trained, start.path)
    for ours, theirs in zip(model.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--init", "zoo:huge"), "no model zoo:huge"),
        (("--init", "nowhere"), "not zoo:NAME"),
        (("finetune",), "--init zoo:base"),
    ],
)
def test_what_cannot_be_started_from_is_named(words, said: str, tmp_path: Path) -> None:
    told = fer_edge("train", *words, "--out", tmp_path / "run")
    assert told.exit_code == 2
    assert said in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1


def test_another_net_than_the_recipe_is_refused(finished: Run, tmp_path: Path) -> None:
    told = fer_edge("train", "demo", "--init", finished.out, "--out", tmp_path / "run")
    assert told.exit_code == 2
    assert "is another net" in told.stderr
