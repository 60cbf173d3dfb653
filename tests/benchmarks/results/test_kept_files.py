"""Files that earlier versions wrote are still read, reported and checked.

The results were measured by the code of that time on 40 images of noise: schema 1.0 by its first
version, 2.0 by the last one before 2.1. The rules are the default rules of version 0.1 and a table
of limits.
"""

import copy
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.gate import rules
from benchmarks.gate.case import Session
from benchmarks.gate.check import evaluate
from benchmarks.gate.verdict import Status
from benchmarks.results import file as results_file
from device.errors import InputError

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(params=["1.0", "2.0"])
def old(request):
    return DATA / f"results-{request.param}.json"


def test_results_of_earlier_versions_are_read(old):
    results = results_file.load(old)
    (model,) = results["models"]
    assert results["schema_version"] == results_file.SCHEMA_VERSION
    assert model["name"] == "fer2013_int8" and model["accuracy"]["n"] == 40
    assert model["latency"]["rounds"] == 20
    assert results["machine"]["core_class"] == "unknown"


def test_reports_of_earlier_results_are_written(old, tmp_path):
    path = report.write(results_file.load(old), tmp_path)
    assert "fer2013_int8" in path.read_text()
    assert (tmp_path / "report.html").is_file() and (tmp_path / "results.csv").is_file()


def test_rules_of_earlier_versions_check_earlier_results(old):
    session = Session(old.name, results_file.load(old))
    verdict = evaluate(session, rules.load(DATA / "rules-0.1.toml"))
    passed = {check.key for check in verdict.checks if check.status is Status.passed}
    assert verdict.passed and passed == {"min_top1", "max_bytes", "max_p50_us"}


def test_earlier_results_are_a_baseline_for_all_but_latency():
    known = rules.load(DATA / "rules-0.1.toml")
    old = results_file.load(DATA / "results-2.0.json")
    now = copy.deepcopy(old)
    now["machine"]["core_class"] = "x86-vnni"
    with pytest.raises(InputError, match=r"on core class unknown.* on x86-vnni"):
        evaluate(Session("now.json", now), known, Session("old.json", old))
    text = '[models."*"]\nmax_larger = 0.05\nmax_top1_loss = 0.5'
    known = rules.parse(text, Path("bench.toml"))
    assert evaluate(Session("now.json", now), known, Session("old.json", old)).passed
