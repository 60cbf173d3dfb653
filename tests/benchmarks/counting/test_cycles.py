import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.counting import cycles
from benchmarks.counting.cores import CORES
from device.errors import CheckFailedError

A53, A72 = CORES["cortex-a53"], CORES["cortex-a72"]


def in_order(*lines):
    words = tuple(range(len(lines)))
    found = cycles.estimate({words: 1.0}, dict(enumerate(lines)), A53, ["unused"])
    return found.low, found.high


def test_scalar_instructions_issue_in_pairs_or_one_by_one():
    assert in_order(*["add x0, x0, #1"] * 4) == (2, 4)


def test_vector_arithmetic_takes_a_cycle_each_and_hides_what_stands_beside_it():
    assert in_order(*["fmla v0.4s, v1.4s, v2.4s", "add x0, x0, #1"] * 3) == (3, 6)


def test_a_wide_load_takes_two_cycles_and_a_narrow_one_hides_an_insertion():
    assert in_order("ldr q0, [x0]")[0] == 2
    assert in_order("ldp q0, q1, [x0]")[0] == 4
    assert in_order("ldr d0, [x0]", "mov v1.d[1], x2")[0] == 1


LINES = st.sampled_from(
    ["fmla v0.4s, v1.4s, v2.4s", "ldr q0, [x0]", "ldr d0, [x1]", "mov v1.d[1], x2", "b #-4"]
)


@given(st.lists(LINES, min_size=1))
def test_the_bounds_hold_each_other(lines):
    low, high = in_order(*lines)
    assert len(lines) / 2 <= low <= high <= 4 * len(lines)


def test_what_is_not_simulated_gets_the_mean(monkeypatch):
    monkeypatch.setattr(cycles, "COVERED", 0.5)
    found = cycles.estimate({(0,): 90.0, (1,): 10.0}, dict.fromkeys((0, 1), "nop"), A53, [])
    assert found.low == pytest.approx(50)


def test_a_simulator_that_fails_is_named():
    with pytest.raises(CheckFailedError, match="llvm-mca failed: exit code 1"):
        cycles.estimate({(0,): 1.0}, {0: "nop"}, A72, ["false"])


def test_llvm_knows_the_throughput_of_a_multiplication(installed):
    """The A72 issues one 128-bit FMLA per cycle, so eight independent ones take eight."""
    lines = [f"fmla v{i}.4s, v30.4s, v31.4s" for i in range(8)]
    texts = dict(enumerate(lines))
    found = cycles.estimate({tuple(texts): 10.0}, texts, A72, installed.llvm_mca)
    assert found.low == pytest.approx(80, rel=0.1)
