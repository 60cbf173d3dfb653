import pytest

from benchmarks.machine import memory
from device.errors import InputError


def test_the_peak_is_no_less_than_what_is_resident():
    before = memory.resident()
    assert 1e6 < before <= memory.peak()
    block = b"\x01" * 50_000_000  # written to, or the system lends no memory for it
    assert memory.resident() > before + 25_000_000
    del block
    assert memory.peak() > before + 25_000_000


def test_a_system_that_does_not_say_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "STATUS", tmp_path / "none")
    with pytest.raises(InputError, match="Linux"):
        memory.resident()
