import json
import sys

import pytest

from benchmarks.latency import overhead
from benchmarks.models import reference


def test_what_the_clock_adds_is_printed(monkeypatch, capsys):
    command = ["overhead", str(reference.PATH), "--rounds", "5", "--per-round", "3"]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr(overhead, "LIMIT", 10.0)  # a busy machine is no failure
    assert overhead.main() == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], found["rounds"]) == (reference.PATH.name, 5)
    assert found["bare_us"] > 0
    low, high = found["added_ci95"]
    assert low <= found["added"] <= high


def test_a_clock_that_adds_more_than_the_limit_is_a_failure(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["overhead", str(reference.PATH), "--rounds", "3"])
    monkeypatch.setattr(overhead, "LIMIT", -10.0)
    assert overhead.main() == 1


@pytest.mark.parametrize("arguments", [["none.tflite"], [str(reference.PATH), "--rounds", "0"]])
def test_wrong_input_is_said_in_one_line(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["overhead", *arguments])
    assert overhead.main() == 2
    assert capsys.readouterr().err.count("\n") == 1
