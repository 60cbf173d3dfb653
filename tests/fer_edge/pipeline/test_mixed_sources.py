"""A net learns from several labeled sets at once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from device.errors import InputError
from fer_edge import recipe
from fer_edge.cli.app import app
from fer_edge.data import source, splits, synthetic
from fer_edge.data.dataset import load
from fer_edge.pipeline import mixed_sources
from fer_edge.recipe import DataSource
from fer_edge.training import history, input_pipeline
from fer_edge.training.mixture import LabeledImages, Mixture, Source

NOTHING = recipe.Augment(
    flip=False, rotation=0, shift=0, zoom=0, brightness=0, contrast=0, erasing=0
)


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second set with two labels, one of them with its own name."""
    data = synthetic.generate(20, seed=9)
    names = ("angry", "disgust", "fear", "smiling", "sad", "surprise", "neutral")
    kept = data.take(np.isin(data.labels, (3, 6)))
    path = tmp_path_factory.mktemp("mine") / "mine.npz"
    replace(kept, label_names=names, file_digest=None).save(path)
    return path


def mixed(tiny, section: DataSource) -> mixed_sources.Mixed:
    chosen = recipe.load(str(tiny.recipe))
    first = splits.training(tiny.data, chosen)
    return mixed_sources.mixed("mine", section, first, {"fer2013": 7}, chosen.train)


def test_labels_are_mapped_to_those_of_the_first_set(tiny, mine: Path) -> None:
    found = mixed(tiny, DataSource(path=mine, labels={"smiling": "happy"}))
    assert set(found.source.data.classes["fer2013"]) == {3, 6}
    assert found.val is not None
    assert set(found.val.classes["fer2013"]) == {3, 6}


def test_a_label_mapped_to_nothing_is_left_out(tiny, mine: Path) -> None:
    found = mixed(tiny, DataSource(path=mine, labels={"smiling": ""}))
    assert set(found.source.data.classes["fer2013"]) == {6}


def test_a_label_that_the_first_set_lacks_is_refused(tiny, mine: Path) -> None:
    with pytest.raises(InputError, match=r"'smiling' .* data\.sources\.mine\.labels"):
        mixed(tiny, DataSource(path=mine))
    with pytest.raises(InputError, match="no label 'grinning'"):
        mixed(tiny, DataSource(path=mine, labels={"grinning": "happy"}))


def test_images_that_select_are_not_trained_on(tiny, tmp_path: Path) -> None:
    data = load(tiny.data)
    leaking = replace(data, split=np.zeros_like(data.split), file_digest=None)
    leaking.save(tmp_path / "leaking.npz")
    found = mixed(tiny, DataSource(path=tmp_path / "leaking.npz"))
    assert found.dropped >= (data.split == 1).sum()


def test_every_batch_holds_its_share_of_each_set() -> None:
    def plain(value: int, n: int) -> LabeledImages:
        target = np.eye(7, dtype=np.float32)[np.full(n, value)]
        return LabeledImages(np.full((n, 48, 48), value, np.uint8), {"fer2013": target}, {})

    even = np.full(4, 0.25)
    mixture = Mixture(plain(1, 20), 8, (Source("mine", plain(2, 4), 0.25, even, weight=0.5),))
    made = input_pipeline.training(
        mixture, seed=1, epochs=range(1), augment=NOTHING, normalization=(0.0, 1.0)
    )
    (dataset,) = made
    batches = [(x.numpy(), target.numpy()) for x, (target,) in dataset]
    assert len(batches) == mixture.steps == 3
    for pixels, target in batches:
        assert sorted(pixels[:, 0, 0, 0]) == [1] * 6 + [2] * 2
        assert target[:, 1].sum() == 6
        assert target[:, 2].sum() == 1  # two images of half the weight


def test_rare_classes_are_drawn_more_often_the_more_balance_is_asked_for(tiny, mine: Path) -> None:
    rare = load(mine)
    keep = np.flatnonzero((rare.labels == 6) | (np.arange(len(rare)) % 4 == 0))
    replace(rare.take(keep), file_digest=None).save(mine.with_name("rare.npz"))

    def share_of_rare(balance: float) -> float:
        section = DataSource(
            path=mine.with_name("rare.npz"), labels={"smiling": "happy"}, balance=balance
        )
        found = mixed(tiny, section).source
        return float(found.chances[found.data.classes["fer2013"] == 3].sum())

    assert share_of_rare(0) < share_of_rare(0.5) < share_of_rare(1) == pytest.approx(0.5)


def test_shares_are_given_for_all_or_for_each(mine: Path, tmp_path: Path) -> None:
    chosen = recipe.load("demo")
    other = tmp_path / "other.npz"
    other.write_bytes(mine.read_bytes())
    both = source.with_sources(chosen, [mine, other], [0.4], tmp_path).data.sources
    assert [s.share for s in both.values()] == [0.2, 0.2]
    with pytest.raises(InputError, match="one for each: 2"):
        source.with_sources(chosen, [mine, other], [0.1, 0.2, 0.3], tmp_path)
    with pytest.raises(InputError, match="less than a tenth"):
        source.with_sources(chosen, [mine, other], [0.5, 0.5], tmp_path)


def train(tiny, out: Path, *options: str) -> Result:
    """Run `fer-edge train` for one epoch on the first set."""
    command = ["train", str(tiny.recipe), "--out", str(out), "--data", str(tiny.data)]
    return CliRunner().invoke(app, [*command, "--set", "train.epochs=1", *options])


@pytest.mark.slow
def test_the_command_reports_the_old_task_beside_the_new_one(
    tiny, mine: Path, tmp_path: Path
) -> None:
    labels = 'data.sources.mine.labels={smiling = "happy"}'
    found = train(tiny, tmp_path, "--data", str(mine), "--set", labels)
    assert found.exit_code == 0, found.output
    (row,) = history.load(tmp_path / "train" / "history.csv")
    assert {"val_top1_fer2013", "val_recall_mine"} <= row.keys()
    assert "val_recall_mine" in found.output


def test_two_sets_of_one_name_are_refused(tiny, mine: Path, tmp_path: Path) -> None:
    found = train(tiny, tmp_path, "--data", str(mine), "--data", str(mine), "--share", "0.2")
    assert found.exit_code == 2
    assert "there is already a source mine" in found.output


def test_a_source_without_a_file_is_named(tiny, tmp_path: Path) -> None:
    found = train(tiny, tmp_path, "--set", "data.sources.mine.share=0.2")
    assert found.exit_code == 2
    assert "data.sources.mine has no path" in found.output
