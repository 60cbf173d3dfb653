import pytest

from benchmarks.counting import recording
from device.errors import CheckFailedError


def test_the_second_stage_minus_the_first_is_what_one_inference_runs(recorded):
    path = recorded([((1, 2), (0, 45, 85)), ((3,), (0, 5, 5)), ((4,), (9, 0, 4))])
    found = recording.read(path)
    assert found.difference(2, 1, 4) == {(1, 2): 10.0, (4,): 1.0}
    assert found.executions(1) == {(1, 2): 45, (3,): 5}


def test_the_same_code_at_two_addresses_is_one_block(recorded):
    assert recording.read(recorded([((7,), (0, 1)), ((7,), (0, 2))])).executions(1) == {(7,): 3}


def test_memory_is_told_by_stage(recorded):
    memory = recording.read(recorded([])).memory
    assert (memory[1].read, memory[1].written, memory[1].touched) == (100, 10, 3 * 64)


@pytest.mark.parametrize("length", [0, 8, 20, -4])
def test_a_recording_that_is_cut_off_is_refused(recorded, length):
    path = recorded([((1, 2), (0, 1))])
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CheckFailedError, match="truncated"):
        recording.read(path)


def test_a_program_with_more_than_one_thread_is_refused(recorded):
    with pytest.raises(CheckFailedError, match="ran 2 threads"):
        recording.read(recorded([], threads=2))
