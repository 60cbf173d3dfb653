"""Searches on synthetic faces, with multiply-adds instead of counted instructions."""

import csv
import json
from pathlib import Path
from typing import Any

import optuna
import pytest
from typer.testing import CliRunner

from benchmarks.counting import kit
from device.errors import InputError
from fer_edge import recipe as recipes
from fer_edge.cli.app import app
from fer_edge.data import source
from fer_edge.search import log, optimization, space, study
from fer_edge.search.budget import Budget

LOG = Path(__file__).parents[3] / "docs" / "search.csv"


@pytest.fixture
def search(tiny: Path, tmp_path: Path) -> study.Search:
    recipe = recipes.load(str(tiny))
    faces = source.resolve_data(None, recipe, tmp_path)
    return study.Search(
        recipe,
        faces,
        tmp_path / "found",
        (Budget("multiply_adds", 2e6),),
        least=0.0,
        epochs=9,
        sampler="random",
    )


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Replace trainings by accuracies that depend on the net's width."""
    trained: list[int] = []

    def train(search: study.Search, net: Any, trial: Any) -> float:
        trained.append(trial.number)
        accuracy = min(net.features, 48) / 100
        for epoch in range(1, search.epochs + 1):
            trial.report(accuracy * (epoch / search.epochs), epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return accuracy

    monkeypatch.setattr(optimization, "_train", train)
    return trained


def nothing(*_: Any) -> None:
    pass


def test_nets_over_budget_are_never_trained(search, scored, tmp_path):
    done = optimization.run(search, trials=4, after_trial=nothing)
    assert study.trained(done) == 4
    for trial in done.trials:
        over = trial.user_attrs["costs"]["multiply_adds"] > 2e6
        assert (trial.number in scored) == (study.REJECTED not in trial.user_attrs)
        assert not (over and trial.number in scored)
    log.save(done, tmp_path / "log.csv", side="48")
    with (tmp_path / "log.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    with LOG.open() as handle:
        assert list(rows[0]) == next(csv.reader(handle))
    assert len(rows) == len(done.trials)
    assert sum("not trained" in row["note"] for row in rows) == len(rows) - 4


def test_the_front_grows_with_the_cost(search, scored):
    done = optimization.run(search, trials=5, after_trial=nothing)
    front = study.front(done, "multiply_adds")
    costs = [trial.user_attrs["costs"]["multiply_adds"] for trial in front]
    scores = [study.accuracy_of(trial) for trial in front]
    assert costs == sorted(costs)
    assert scores == sorted(set(scores))
    assert scores[-1] == max(t.value for t in done.trials if t.value is not None)


def test_a_search_goes_on_where_it_stood(search, scored):
    optimization.run(search, trials=2, after_trial=nothing)
    again = optimization.run(search, trials=3, after_trial=nothing)
    assert study.trained(again) == 3
    assert len(scored) == len(set(scored)) == 3


def test_a_net_whose_training_was_interrupted_is_trained_again(search, scored, monkeypatch):
    train = optimization._train
    seen: list[Any] = []

    def interrupted(search: study.Search, net: Any, trial: Any) -> float:
        seen.append(net)
        if len(seen) == 2:
            trial.report(0.1, 1)
            raise KeyboardInterrupt
        return train(search, net, trial)

    monkeypatch.setattr(optimization, "_train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        optimization.run(search, trials=3, after_trial=nothing)
    done = optimization.run(search, trials=3, after_trial=nothing)
    assert seen[1] == seen[2]
    assert study.trained(done) == 3
    assert len(scored) == 3


def test_two_machines_share_a_storage(search, scored, tmp_path):
    from dataclasses import replace

    url = f"sqlite:///{tmp_path}/shared.db"
    one, other = (replace(search, storage=url, out=tmp_path / name) for name in ("one", "other"))
    optimization.run(one, trials=2, after_trial=nothing)
    done = optimization.run(other, trials=4, after_trial=nothing)
    assert study.trained(done) == 4
    digests = [space.digest(study.net_of(t)) for t in done.trials if study.is_trained(t)]
    assert len(digests) == len(set(digests))


def test_another_search_is_not_mixed_in(search, scored):
    from dataclasses import replace

    optimization.run(search, trials=1, after_trial=nothing)
    with pytest.raises(InputError, match="other epochs"):
        optimization.run(replace(search, epochs=3), trials=1, after_trial=nothing)


def test_a_budget_out_of_reach_ends_the_search(search, scored, monkeypatch):
    from dataclasses import replace

    monkeypatch.setattr(optimization, "_IN_A_ROW", 5)
    with pytest.raises(InputError, match="none of 5 nets"):
        optimization.run(
            replace(search, budgets=(Budget("multiply_adds", 10.0),)), trials=1, after_trial=nothing
        )
    assert not scored


def test_a_storage_that_is_none_is_one_line(search):
    from dataclasses import replace

    with pytest.raises(InputError, match="cannot be used"):
        study.load(replace(search, storage="nonsense://"))


@pytest.mark.slow
def test_the_command_trains_nets_and_writes_the_best_as_a_recipe(tiny, tmp_path):
    out = tmp_path / "search"
    options = ["--out", str(out), "--epochs", "3", "--trials", "3", "--budget", "multiply_adds=2M"]
    result = CliRunner().invoke(app, ["search", str(tiny), *options, "--least", "0", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["trained"] == 3
    assert all(net["costs"]["multiply_adds"] <= 2e6 for net in found["front"])
    assert (out / "pareto.png").stat().st_size > 10_000
    best = recipes.load(str(out / "best.toml"))
    assert log.describe(best.model) == found["front"][-1]["net"]
    assert best.train == recipes.load(str(tiny)).train


def test_a_missing_kit_is_one_line(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    options = ["--budget", "cortex-a72=0.5x", "--out", str(tmp_path / "s")]
    result = CliRunner().invoke(app, ["search", str(tiny), *options])
    assert result.exit_code == 2
    assert "fer-edge fetch arm" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_counts_of_an_architecture_are_kept(tiny, tmp_path, monkeypatch):
    from fer_edge.search.costs import CostCounter

    if not kit.is_installed():
        pytest.skip("needs `fer-edge fetch arm`")
    net = recipes.load(str(tiny)).model
    cache = tmp_path / "costs.json"
    first = CostCounter(["cortex-a72"], cache, {"fer2013": 7})(net)
    assert 1e5 < first["cortex-a72"] < 2e6
    monkeypatch.setattr(CostCounter, "_count", None)
    assert CostCounter(["cortex-a72"], cache, {"fer2013": 7})(net) == first
