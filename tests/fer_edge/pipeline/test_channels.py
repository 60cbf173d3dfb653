"""Runs with channel pruning, pruning patterns and weight clustering."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import InputError
from fer_edge import recipe
from fer_edge.pipeline import artifacts, channels, kept_channels, pipeline
from fer_edge.pipeline.job import training_job
from fer_edge.pipeline.run import Run
from fer_edge.training import trainer
from quantization.channels.analysis import analyze
from quantization.pruning.magnitude import pruned_kernels
from quantization.verify.weights import two_of_four

pytestmark = pytest.mark.slow

OPTIONS = (
    "train.epochs=1",
    "channels.epochs=1",
    "channels.learning_rate=1e-3",
    "channels.steps=2",
    "channels.share=0.7",
    "channels.images=64",
    "channels.recovery=1",
    "channels.distill=0.5",
    "prune.epochs=1",
    "prune.pattern=2:4",
    "cluster.epochs=1",
    "cluster.learning_rate=1e-3",
    "cluster.clusters=8",
    "quantize.epochs=1",
)


@pytest.fixture(scope="module")
def narrowed(tiny, tmp_path_factory) -> Run:
    """A run with all training stages."""
    out = tmp_path_factory.mktemp("narrow") / "run"
    run = Run(recipe.load(str(tiny.recipe), OPTIONS), tiny.data, out)
    names = [name for name, _ in pipeline.run(run, until="quantize")]
    assert names == ["train", "channels", "prune", "cluster", "quantize"]
    return run


def test_a_run_leaves_the_share_that_was_asked_for(narrowed: Run) -> None:
    cost = json.loads((narrowed.folder("channels") / "cost.json").read_text())
    wide, narrow = artifacts.trained_model(narrowed), artifacts.float_model(narrowed)
    assert cost["before"]["multiply_adds"] == analyze(wide).multiply_adds()
    assert cost["after"]["multiply_adds"] == analyze(narrow).multiply_adds()
    assert 0.5 < analyze(narrow).multiply_adds() / analyze(wide).multiply_adds() <= 0.7
    assert all(width % 8 == 0 for width in cost["after"]["widths"].values())


def test_each_step_is_written_down_and_the_last_trains_longer(narrowed: Run) -> None:
    folder = narrowed.folder("channels")
    first, last = (kept_channels.load(folder / f"step{i}" / kept_channels.KEPT) for i in (1, 2))
    assert last == kept_channels.load(folder / kept_channels.KEPT)
    assert all(set(last[group]) <= set(channels) for group, channels in first.items())
    lines = [
        len((folder / f"step{i}" / "history.csv").read_text().splitlines()) - 1 for i in (1, 2)
    ]
    assert lines == [1, 2]


def test_later_stages_have_the_narrow_net(narrowed: Run) -> None:
    narrow = {layer.name: layer for layer in artifacts.float_model(narrowed).layers}
    quantized = artifacts.qat_model(narrowed)
    for layer, kernel in pruned_kernels(quantized):
        assert kernel.shape == narrow[layer.name].kernel.shape
        assert two_of_four(np.moveaxis(kernel, -1, 0)), layer.name
        outputs = kernel.reshape(-1, kernel.shape[-1]).T
        assert max(len(np.unique(output)) for output in outputs) <= 8, layer.name


def test_an_interrupted_stage_goes_on_and_ends_the_same(
    narrowed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(narrowed.folder("train"), tmp_path / "train")
    again = Run(narrowed.recipe, narrowed.data, tmp_path)
    fit: Callable[..., Any] = trainer.fit

    def fit_and_stop(model: Any, job: Any) -> None:
        if job.out.name == "step2":
            raise KeyboardInterrupt
        fit(model, job)

    monkeypatch.setattr(trainer, "fit", fit_and_stop)
    with pytest.raises(KeyboardInterrupt):
        list(pipeline.run(again, until="channels"))
    chosen = (tmp_path / "channels" / "step2" / kept_channels.KEPT).stat().st_mtime_ns
    monkeypatch.setattr(trainer, "fit", fit)
    list(pipeline.run(again, until="channels"))
    assert (tmp_path / "channels" / "step2" / kept_channels.KEPT).stat().st_mtime_ns == chosen
    with (
        np.load(tmp_path / "channels" / "weights.npz") as resumed,
        np.load(narrowed.folder("channels") / "weights.npz") as undisturbed,
    ):
        assert resumed.files == undisturbed.files
        for name in resumed.files:
            np.testing.assert_array_equal(resumed[name], undisturbed[name])


def test_a_latency_is_asked_of_the_stopwatch(
    narrowed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(
        recipe.load("demo", [*OPTIONS, "channels.target=latency"]), narrowed.data, narrowed.out
    )
    wide = artifacts.trained_model(narrowed)
    job, _ = training_job(narrowed, narrowed.recipe.train, narrowed.out)
    monkeypatch.setattr(
        "fer_edge.pipeline.latency.latency_ratio",
        lambda parent, images, normalization: (
            lambda net: analyze(net).multiply_adds() / analyze(parent).multiply_adds()
        ),
    )
    from quantization.channels.prune import keep

    section = run.recipe.channels
    assert section is not None
    chosen = channels._select(run, wide, wide, job, section, 0.8)
    assert analyze(keep(wide, chosen)).multiply_adds() <= 0.8 * analyze(wide).multiply_adds()
    assert channels._select(run, keep(wide, chosen), wide, job, section, 0.8) == {}


def test_a_candidate_is_timed_as_a_file(narrowed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from fer_edge.pipeline import latency

    monkeypatch.setattr(latency, "ROUNDS", 2)
    faces = np.random.default_rng(1).integers(0, 256, (100, 48, 48)).astype(np.uint8)
    measure = latency.latency_ratio(
        artifacts.trained_model(narrowed), faces, normalization=artifacts.normalization(narrowed)
    )
    assert measure(artifacts.float_model(narrowed)) > 0


def test_channels_go_until_few_enough_instructions_are_left(narrowed: Run) -> None:
    from benchmarks.counting import kit
    from benchmarks.counting.cores import CORES
    from fer_edge.pipeline.instructions import instruction_ratio

    if not kit.is_installed():
        pytest.skip("needs `fer-edge fetch arm`")
    faces = np.random.default_rng(1).integers(0, 256, (100, 48, 48)).astype(np.uint8)
    wide, narrow = artifacts.trained_model(narrowed), artifacts.float_model(narrowed)
    measure = instruction_ratio(
        wide, faces, normalization=artifacts.normalization(narrowed), core=CORES["cortex-a72"]
    )
    assert 0.1 < measure(narrow) < 1


def test_an_instruction_target_asks_for_the_kit_before_anything_is_trained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from fer_edge.pipeline.instructions import find_core

    assert find_core("multiply_adds") is None
    with pytest.raises(InputError, match="is not supported: use cortex-a53"):
        find_core("instructions:cortex-a99")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(InputError, match="fer-edge fetch arm"):
        find_core("instructions:cortex-a72")


@pytest.mark.parametrize("text", ["", "[]", '{"stem": 3}', '{"stem": ["a"]}'])
def test_a_damaged_structure_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text(text)
    with pytest.raises(InputError, match="does not list the kept channels"):
        kept_channels.load(tmp_path / "kept.json")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("channels.share=1.0", "channels.share"),
        ("channels.importance=gut", "channels.importance"),
        ("prune.pattern=2:4", "two of four"),
        ("prune.block=[1, 1]", "more than one weight"),
        ("cluster.clusters=2", "cluster"),
    ],
)
def test_a_wrong_option_is_named(override: str, said: str) -> None:
    options = ["channels.epochs=1", "channels.learning_rate=1e-3", "prune.sparsity=0.4"]
    with pytest.raises(InputError, match=said):
        recipe.load("demo", [*options, override])


def test_what_is_left_is_a_net_that_a_training_can_start_from(narrowed: Run) -> None:
    from fer_edge.pipeline import initial_weights

    net = initial_weights.narrowed(narrowed.recipe.model, narrowed.out)
    built = net.build({"fer2013": 7}, dropout=False)
    left = artifacts.float_model(narrowed)
    built.set_weights(left.get_weights())
    faces = np.random.default_rng(1).uniform(-1, 1, (4, 48, 48, 1)).astype(np.float32)
    np.testing.assert_array_equal(built(faces), left(faces))
    assert (
        initial_weights.float_weights(narrowed.out) == narrowed.folder("channels") / "weights.npz"
    )


def test_a_narrow_net_learns_from_the_teacher_where_the_recipe_says_so(
    narrowed: Run, tiny: Any, finished: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(narrowed.folder("train"), tmp_path / "train")
    options = (*OPTIONS, "channels.soft_targets=true", "channels.ema=0.9", "teacher.epochs=1")
    nets = f'teacher.nets=["{finished.out}"]'
    taught = Run(recipe.load(str(tiny.recipe), [*options, nets]), narrowed.data, tmp_path)
    seen: list[Any] = []

    def fit(model: Any, job: Any) -> None:
        seen.append(job)
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        channels.prune_channels(taught, tmp_path / "channels", taught.recipe.channels)
    assert seen[-1].soft_targets is None
    list(pipeline.run(taught, until="teacher"))
    (cache,) = tmp_path.glob("teacher/soft-targets-*")
    with pytest.raises(KeyboardInterrupt):
        channels.prune_channels(taught, tmp_path / "channels", taught.recipe.channels, cache)
    assert seen[-1].soft_targets.alpha == taught.recipe.teacher.alpha
    assert seen[-1].ema == 0.9
