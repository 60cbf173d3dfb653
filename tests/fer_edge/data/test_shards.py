"""Shards: the same images as their source, streamed in another order in every epoch."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from device.errors import InputError
from fer_edge import recipe
from fer_edge.cli.app import app
from fer_edge.data import contents, leaks, splits, synthetic
from fer_edge.data.dataset import Dataset, load
from fer_edge.data.shards import index, read, write
from fer_edge.data.shards.source import InMemory, open_source
from fer_edge.pipeline.job import training_job
from fer_edge.pipeline.run import Run
from fer_edge.recipe import Augment
from fer_edge.training import input_pipeline

from .conftest import tree

NOTHING = Augment(flip=False, rotation=0, shift=0, zoom=0, brightness=0, contrast=0, erasing=0)


@pytest.fixture(scope="module")
def faces() -> Dataset:
    votes = np.random.default_rng(1).integers(0, 9, (140, 10)).astype(np.uint8)
    return replace(synthetic.generate(20, seed=2), votes=votes, file_digest=None)


@pytest.fixture(scope="module")
def folder(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shards") / "faces"
    write.write(InMemory(faces, leaks.find(faces)), out, per_shard=20)
    return out


def run(data: Path, tmp_path: Path, *, heads: str = '["fer2013", "ferplus"]') -> Run:
    changes = [f"model.heads={heads}", "train.class_weights=true", "train.batch=7"]
    return Run(recipe.load("demo", changes), data, tmp_path / "run")


def epoch(run: Run, number: int) -> list[tuple[np.ndarray, ...]]:
    job, _ = training_job(run, run.recipe.train, run.folder("train"))
    made = input_pipeline.training(
        job.train,
        seed=1,
        epochs=range(number, number + 1),
        augment=NOTHING,
        normalization=(0.0, 1.0),
    )
    (batches,) = made
    return [(x.numpy()[..., 0], *(t.numpy() for t in targets)) for x, targets in batches]


def test_a_stream_shows_every_image_once_with_the_targets_of_the_file(
    faces: Dataset, folder: Path, tmp_path: Path
) -> None:
    faces.save(tmp_path / "faces.npz")
    streamed, kept = (epoch(run(data, tmp_path), 0) for data in (folder, tmp_path / "faces.npz"))

    def rows(batches: list[tuple[np.ndarray, ...]]) -> list[tuple[bytes, ...]]:
        columns = [np.concatenate(part) for part in zip(*batches, strict=True)]
        found = zip(*([row.tobytes() for row in column] for column in columns), strict=True)
        return sorted(found)

    assert len(streamed) == len(kept) == 14
    assert rows(streamed) == rows(kept)


def test_epochs_are_shuffled_and_repeat(folder: Path, tmp_path: Path) -> None:
    job = run(folder, tmp_path)
    first, again, next_one = epoch(job, 0), epoch(job, 0), epoch(job, 1)
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0][0], next_one[0][0])


def test_held_out_splits_and_contents_are_those_of_the_source(faces: Dataset, folder: Path) -> None:
    held_out = load(folder / index.HELD_OUT)
    for split in ("val", "test"):
        np.testing.assert_array_equal(held_out.only(split).images, faces.only(split).images)
        np.testing.assert_array_equal(held_out.only(split).votes, faces.only(split).votes)
    known = contents.read(folder)
    assert known.label_names == faces.label_names
    assert known.labeled and known.voted
    assert known.digest == index.read(folder).digest


def test_the_same_source_and_seed_make_the_same_shards(
    faces: Dataset, folder: Path, tmp_path: Path
) -> None:
    same = write.write(InMemory(faces, leaks.find(faces)), tmp_path / "same", per_shard=20)
    other = write.write(InMemory(faces, leaks.find(faces)), tmp_path / "x", per_shard=20, seed=1)
    assert same.digest == index.read(folder).digest != other.digest


def test_training_images_that_also_stand_in_a_held_out_split_are_left_out(
    write_images, tmp_path: Path
) -> None:
    pictures = tree(("angry", "happy", "sad"))
    pictures["train/sad/leaked.png"] = pictures["test/sad/2.png"]
    out = tmp_path / "out"
    found = write.write(open_source(write_images(pictures)), out)
    assert found.counts["leaked"]["sad"] == 1
    assert found.images(leaked=False) == 3
    chosen = recipe.load("demo")
    kept = splits.training(out, chosen)
    assert kept.stream is not None
    assert (len(kept.stream), kept.dropped) == (3, 1)
    assert splits.testing(out, chosen).leaked.tolist() == [False, False, True]
    everything = recipe.load("demo", ["data.drop_leaked=false"])
    whole = splits.training(out, everything).stream
    assert whole is not None and len(whole) == 4


def test_fractions_are_held_out_of_every_class_of_folders(write_images, tmp_path: Path) -> None:
    paths = {f"{name}/{i}.png": None for name in ("happy", "sad") for i in range(10)}
    images = np.random.default_rng(3).integers(0, 256, (20, 48, 48)).astype(np.uint8)
    source = write_images(dict(zip(paths, images, strict=True)))
    faces = open_source(source, val_fraction=0.2, test_fraction=0.2)
    found = write.write(faces, tmp_path / "out")
    assert {name: n for name, n in found.counts["train"].items() if n} == {"happy": 6, "sad": 6}
    held_out = load(tmp_path / "out" / index.HELD_OUT)
    assert [len(held_out.only(split)) for split in ("val", "test")] == [4, 4]


def test_a_limit_takes_a_sample_into_memory(folder: Path) -> None:
    found = splits.training(folder, recipe.load("demo", ["data.limit=30"]))
    assert found.stream is None
    assert len(found.train) == 30


def test_a_shard_that_is_cut_short_is_named(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in folder.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    shard = next(broken.glob("train-*"))
    shard.write_bytes(shard.read_bytes()[:-9])
    with pytest.raises(InputError, match=f"{shard.name}: is .* bytes long, not"):
        index.read(broken)
    shard.unlink()
    with pytest.raises(InputError, match=f"{shard.name}: is missing"):
        index.read(broken)


def test_changed_bytes_in_a_shard_are_an_error(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in folder.iterdir():
        content = bytearray(file.read_bytes())
        if file.name.startswith("train"):
            content[500] ^= 1
        (broken / file.name).write_bytes(content)
    found = index.read(broken)
    with pytest.raises(InputError, match="a shard of --data cannot be read"):
        read.sample(read.open_stream(broken, found, leaked=False), found, 100)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": "fer-edge shards 9"}'])
def test_a_damaged_index_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / index.INDEX).write_text(text)
    with pytest.raises(InputError, match="damaged or of another version") as raised:
        index.read(tmp_path)
    assert "\n" not in str(raised.value)


def test_the_command_writes_once_and_replaces_with_force(faces: Dataset, tmp_path: Path) -> None:
    faces.save(tmp_path / "faces.npz")
    out = tmp_path / "shards"
    command = ["data", "shards", str(tmp_path / "faces.npz"), "--out", str(out), "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["digest"] == index.read(out).digest
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 2
    assert "exists already" in refused.output
    assert CliRunner().invoke(app, [*command, "--force"]).exit_code == 0
    assert not list(tmp_path.glob(".partial-*"))


def test_force_replaces_nothing_but_shards(faces: Dataset, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    faces.save(tmp_path / "faces.npz")
    command = ["data", "shards", str(tmp_path / "faces.npz"), "--out", str(tmp_path / "mine")]
    assert CliRunner().invoke(app, [*command, "--force"]).exit_code == 2
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"
