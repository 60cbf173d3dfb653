from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.gate import difference, simulate
from benchmarks.results import file as results_file
from benchmarks.stats import bootstrap
from benchmarks.stats.estimate import student
from device.errors import InputError

from ..full_results import full_results

NOISE = Path(__file__).parents[1] / "data" / "noise.npz"
"""32 sessions of 200 rounds of 4 nets on 2 shared cores: 12 beside other work, 12 beside bursts of
memory traffic on both cores, 8 pinned to one core together with such bursts."""


@pytest.fixture(scope="module")
def noise():
    return simulate.load([NOISE])


def test_on_recorded_noise_false_alarms_are_rare_and_a_slow_down_is_detected(noise):
    rates = simulate.simulate(noise, pairs=200, limit=0.05, slow=0.15)
    assert rates.false_alarms <= 0.01
    assert rates.detected >= 0.95


def correlated(draw, rho: float, n: int = 100, sigma: float = 0.05) -> np.ndarray:
    """Correlated rounds: a first-order autoregressive process."""
    values = draw.normal(size=n)
    for i in range(1, n):
        values[i] = rho * values[i - 1] + np.sqrt(1 - rho**2) * values[i]
    return 100 * np.exp(sigma * values)


def test_rounds_that_stay_alike_widen_the_interval():
    draw = np.random.default_rng(0)
    still = np.full(100, 50.0)
    lengths = {rho: [] for rho in (0.0, 0.9)}
    alarms = dict.fromkeys(lengths, 0)
    for rho, found in lengths.items():
        for _ in range(60):
            now, before = correlated(draw, rho), correlated(draw, rho)
            found.append(bootstrap.block_length(np.log(now)))
            estimate = difference.slow_down((now, still), (before, still), confidence=0.95)
            alarms[rho] += estimate.low > 0
    assert np.mean(lengths[0.0]) < 3 < 7 < np.mean(lengths[0.9])
    # Single rounds drawn with replacement alarm in a third of the pairs at 0.9.
    assert alarms[0.0] <= 0.1 * 60
    assert alarms[0.9] <= 0.2 * 60


def test_a_drift_that_the_reference_shares_is_no_slow_down():
    draw = np.random.default_rng(1)
    heat = np.linspace(1.0, 1.6, 100)
    now = 100 * heat * np.exp(0.01 * draw.normal(size=100)), 50 * heat
    before = 100 * np.exp(0.01 * draw.normal(size=100)), np.full(100, 50.0)
    found = difference.slow_down(now, before, confidence=0.95)
    assert found.low < 0.01 and abs(found.value) < 0.01


series = st.integers(20, 120).flatmap(
    lambda n: st.lists(st.floats(1.0, 1e6), min_size=n, max_size=n).map(np.array)
)


@settings(max_examples=30, deadline=None)
@given(series)
def test_bounds_hold_the_value_and_blocks_fit_in_the_series(medians):
    assert 1 <= bootstrap.block_length(np.log(medians)) <= len(medians) / bootstrap.MIN_BLOCKS
    found = difference.to_reference(medians, np.ones(len(medians)), confidence=0.95)
    assert found.low <= found.value * (1 + 1e-9)
    assert found.high >= found.value * (1 - 1e-9)


def test_another_machine_twice_as_fast_is_no_change():
    medians = correlated(np.random.default_rng(2), 0.3)
    found = difference.slow_down(
        (medians / 2, np.full(100, 25.0)), (medians, np.full(100, 50.0)), confidence=0.95
    )
    assert found.value == pytest.approx(0)


def test_the_same_seed_gives_the_same_interval(noise):
    pair = (noise[0, :, 1], noise[0, :, 0]), (noise[1, :, 1], noise[1, :, 0])
    first, second = (difference.slow_down(*pair, confidence=0.95, seed=3) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("freedom", "expected"), [(4, 2.1318), (9, 1.8331), (30, 1.6973), (1000, 1.6464)]
)
def test_students_quantile_is_that_of_the_tables(freedom, expected):
    assert student(0.95, freedom) == pytest.approx(expected, rel=0.01)


def block(right: int, n: int) -> dict:
    half = n // 2
    counts = [[right - right // 2, half - right + right // 2], [n - half - right // 2, right // 2]]
    return {"n": n, "top1": right / n, "macro_f1": right / n, "confusion": counts}


def test_the_interval_of_a_loss_is_newcombes():
    # Newcombe 1998, table II, method 10: 56/70 against 48/80 has [0.0524, 0.3339] at 95 %.
    found = difference.top1_loss(block(48, 80), block(56, 70), confidence=0.975)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-4)


def test_macro_f1_varies_as_images_do():
    few, many = (difference.macro_f1(block(n * 3 // 4, n), confidence=0.95) for n in (80, 8000))
    assert few.high - few.low > 5 * (many.high - many.low) > 0
    loss = difference.macro_f1_loss(block(4000, 8000), block(6000, 8000), confidence=0.95)
    assert 0.22 < loss.low < loss.value < loss.high < 0.28


def test_noise_of_results_files_is_kept_and_simulated(tmp_path, capsys):
    paths = [tmp_path / f"{seed}.json" for seed in (1, 2)]
    for seed, path in enumerate(paths):
        results_file.save(full_results(rounds=60, seed=seed, images=50), path)
    kept = tmp_path / "kept.npz"
    command = [*map(str, paths), "--rounds", "40", "--pairs", "4", "--save", str(kept)]
    assert simulate.main(command) == 0
    printed = capsys.readouterr().out
    assert "false alarms on identical models: 0.0%" in printed
    assert simulate.load([kept]) == pytest.approx(simulate.load(paths), abs=0.03)
    assert simulate.main([str(kept), "--rounds", "61"]) == 2
    assert "sessions have 60" in capsys.readouterr().err


def test_one_session_is_too_few(tmp_path):
    with pytest.raises(InputError, match="two or more"):
        simulate.load([tmp_path / "one.json"])
