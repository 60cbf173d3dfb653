import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from benchmarks.gate import rules
from benchmarks.results import file as results_file
from fer_edge.cli.app import app

from .full_results import full_results, results_1_0, slowed


@pytest.fixture(autouse=True)
def no_summary(monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    for name, seed in (("main", 1), ("now", 2)):
        results_file.save(full_results(seed=seed, images=200), folder / f"{name}.json")
    results_file.save(
        slowed(full_results(seed=2, images=200), "fer2013_int8", 1.15), folder / "slow.json"
    )
    (folder / "bench.toml").write_text('[models."*_int8"]\nmax_slower = 0.05\nmin_top1 = 0.5\n')
    return folder


def gate(*arguments):
    return CliRunner().invoke(app, ["gate", *map(str, arguments)])


def test_a_slow_down_is_one_line_and_exit_code_1(files):
    ran = gate(
        files / "slow.json", "--rules", files / "bench.toml", "--baseline", files / "main.json"
    )
    assert ran.exit_code == 1
    broken = [line for line in ran.stdout.splitlines() if line.startswith("failed")]
    assert len(broken) == 1 and "fer2013_int8: slower 1" in broken[0]
    assert "1 of 4 checks failed" in ran.stderr


def test_the_same_models_pass_and_say_how_much_was_looked_at(files):
    ran = gate(files / "now.json", "--baseline", files / "main.json")
    assert ran.exit_code == 0, ran.output
    assert "checks passed" in ran.stdout
    quiet = ran.stdout.count("\n")
    ran = gate(files / "now.json", "--baseline", files / "main.json", "--verbose")
    assert ran.stdout.count("\n") > quiet + 20


def test_json_holds_every_check_and_nothing_else_is_printed(files):
    ran = gate(
        *(files / "slow.json", "--rules", files / "bench.toml"),
        *("--baseline", files / "main.json", "--json"),
    )
    assert ran.exit_code == 1
    told = json.loads(ran.stdout)
    assert told["ok"] is False
    slower = next(check for check in told["checks"] if check["key"] == "max_slower")
    assert slower["status"] == "failed" and slower["limit"] == 0.05
    assert 0.05 < slower["low"] <= slower["value"] <= slower["high"]


def test_junit_markdown_and_summary_say_the_same(files, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("before\n")
    command = (
        *(files / "slow.json", "--rules", files / "bench.toml", "--baseline", files / "main.json"),
        *("--junit", tmp_path / "gate.xml", "--markdown", tmp_path / "gate.md"),
    )
    assert gate(*command).exit_code == 1
    assert ElementTree.parse(tmp_path / "gate.xml").getroot().get("failures") == "1"
    text = (tmp_path / "gate.md").read_text()
    assert text.startswith("## ❌ 1 of 4 checks failed")
    assert "| ❌ | fer2013_int8 | slower 1" in text
    assert (tmp_path / "summary.md").read_text() == f"before\n{text}\n"
    refused = gate(*command)
    assert refused.exit_code == 2
    assert "exists already" in refused.stderr
    assert gate(*command, "--force").exit_code == 1


def test_an_older_result_is_held_to_what_it_measured(tmp_path):
    path = tmp_path / "older.json"
    path.write_text(json.dumps(results_1_0()))
    toml = tmp_path / "bench.toml"
    toml.write_text('[models."*"]\nmax_bytes = 450_000\nmax_p50_us = 1e6')
    ran = gate(path, "--rules", toml)
    assert ran.exit_code == 1
    assert "fer2013_float32: file size 1,284,000 bytes, at most 450,000 bytes" in ran.stdout
    toml.write_text('[models."*"]\nmax_peak_rss_kb = 90_000')
    ran = gate(path, "--rules", toml)
    assert ran.exit_code == 2
    assert "has no cold" in ran.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[models."*"]\nmax_slowr = 1', "did you mean max_slower?"),
        ("max_slow = 1", 'did you mean models."*".max_slower?'),
        ("max_slower = 1", 'did you mean models."*".max_slower?'),
        (
            '[models."*"]\nconfidence = 0.9\nmax_slower = 1',
            "did you mean confidence, at the top of the file?",
        ),
        ('[models."*"]\nzzzz = 1', "valid keys are parent, "),
        ('[models."*_int4"]\nmax_bytes = 1', "matches no model"),
        ("[[[", "is not TOML"),
    ],
)
def test_wrong_rules_are_exit_code_2_in_one_line(files, tmp_path, text, message):
    (tmp_path / "wrong.toml").write_text(text)
    ran = gate(files / "now.json", "--rules", tmp_path / "wrong.toml")
    assert ran.exit_code == 2
    assert message in ran.stderr and ran.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [(), ("none.json",)])
def test_without_results_it_says_what_to_give(arguments):
    ran = gate(*arguments)
    assert ran.exit_code == 2
    assert "results" in ran.stderr or "none.json" in ran.stderr


def test_the_printed_rules_are_the_default_ones(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text(gate("--print-rules").stdout)
    assert rules.load(path).rules == rules.load(rules.DEFAULT).rules


def test_a_pi_without_extras_can_gate(files, tmp_path):
    """The base installation is simulated: none of these packages can be imported."""
    for name in ("matplotlib", "jsonschema", "tensorflow", "tf_keras", "pandas"):
        (tmp_path / f"{name}.py").write_text("raise ImportError")
    program = "from fer_edge.cli.app import app; app()"
    ran = subprocess.run(
        [sys.executable, "-c", program, "gate", files / "now.json"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
