import csv
import io
import json

import pytest
from typer.testing import CliRunner

from benchmarks import report
from benchmarks.report import View, github_action, plots
from benchmarks.results import file as results_file
from fer_edge.cli.app import app

from ..full_results import FILES, full_results, results_1_0


@pytest.fixture(autouse=True)
def no_summary(monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture(scope="module")
def whole():
    return full_results(rounds=30, images=200)


def rows(folder) -> list[dict]:
    return list(csv.DictReader(io.StringIO((folder / "results.csv").read_text())))


def test_the_csv_has_a_row_for_every_way_that_a_model_was_timed(whole, tmp_path):
    report.render(whole, tmp_path, [View.csv])
    found = rows(tmp_path)
    assert len(found) == 4 * len(FILES)
    main, *_, builtin = found[:4]
    model = whole["models"][0]
    assert main["model"] == builtin["model"] == "fer2013_float32"
    assert (main["threads"], main["resolver"]) == ("1", "xnnpack")
    assert float(main["p50_us"]) == model["latency"]["p50_us"]
    assert float(main["top1_low"]) == model["accuracy"]["top1_ci95"][0]
    assert (builtin["resolver"], float(builtin["p50_us"])) == (
        "builtin",
        model["sweep"][2]["latency"]["p50_us"],
    )


def test_what_was_not_measured_is_empty_in_the_csv(tmp_path):
    path = tmp_path / "older.json"
    path.write_text(json.dumps(results_1_0()))
    older = results_file.load(path)
    older["models"][1] |= {"accuracy": None, "latency": None}
    report.render(older, tmp_path, [View.csv])
    found = rows(tmp_path)
    assert [row["top1"] != "" for row in found] == [True, False, True]
    assert {row["peak_rss_kb"] for row in found} == {""}


def test_github_action_benchmark_gets_what_it_reads(whole, tmp_path):
    """An array of `name`, `unit`, `value`, and optional `range` and `extra`; names are unique."""
    report.render(whole, tmp_path, [View.github])
    for name in (github_action.SMALLER, github_action.BIGGER):
        entries = json.loads((tmp_path / name).read_text())
        assert len({entry["name"] for entry in entries}) == len(entries) > 0
        for entry in entries:
            assert set(entry) <= {"name", "unit", "value", "range", "extra"}
            assert isinstance(entry["value"], int | float)
            assert all(isinstance(entry[key], str) for key in set(entry) - {"value"})
    values = {entry["name"]: entry["value"] for entry in github_action.smaller(whole)}
    assert values["fer2013_int8: size"] == 439_000
    assert values["fer2013_int8: p50 to reference"] == pytest.approx(2, rel=0.1)
    values = {entry["name"]: entry["value"] for entry in github_action.bigger(whole)}
    assert values["ferplus_int8: top-1"] == pytest.approx(84.5, abs=0.1)


def test_the_step_summary_gets_the_tables_and_keeps_what_it_had(whole, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("before\n")
    report.render(whole, tmp_path, [View.md])
    text = (tmp_path / "summary.md").read_text()
    assert text.startswith("before\n# Benchmark")
    assert "| fer2013_int8 |" in text
    assert "## Threads and backends" in text and "litert, builtin, 1 thread |" in text
    assert "| detect | 4100 | 4920 | 6970 |" in text
    assert "![" not in text


def test_marks_stand_above_the_figures(tmp_path):
    marks = ({"what": "throttled", "text": "the clock fell to 600 MHz", "detail": {}},)
    marked = full_results(rounds=20, images=50, marks=marks)
    report.render(marked, tmp_path, [View.md])
    assert "the clock fell to 600 MHz" in (tmp_path / "report.md").read_text().split("|")[0]


def test_plots_come_as_svg_too_and_the_same_each_time(whole, tmp_path):
    one = {**whole, "models": whole["models"][:1]}
    for folder in ("a", "b"):
        drawn = report.render(one, tmp_path / folder, [View.svg])[View.svg]
        assert [path.name for path in drawn] == ["pareto.svg", "confusion_fer2013_float32.svg"]
    for name in ("pareto.svg", "confusion_fer2013_float32.svg"):
        assert (tmp_path / "a" / name).read_text().startswith("<?xml")
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def command(*arguments):
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


@pytest.mark.parametrize("old", [False, True])
def test_the_command_renews_the_views_of_a_file(old, whole, tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results_1_0() if old else whole))
    before = path.read_bytes()
    (tmp_path / "report.html").write_text("an older view")
    ran = command(path, "--format", "html,md,csv,github")
    assert ran.exit_code == 0, ran.output
    assert "ferplus" in ran.stdout and "report.html" in ran.stdout
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    names = {"report.html", "report.md", "results.csv", github_action.SMALLER, github_action.BIGGER}
    assert {file.name for file in tmp_path.iterdir()} == {"results.json", *names}
    assert path.read_bytes() == before


def test_json_is_all_that_is_printed(whole, tmp_path):
    path = tmp_path / "results.json"
    results_file.save(whole, path)
    ran = command(path, "--format", "csv", "--json")
    assert json.loads(ran.stdout) == results_file.load(path)


@pytest.mark.parametrize("formats", ["pdf", "html,pdf", "", ","])
def test_an_unknown_format_is_refused(formats, tmp_path):
    ran = command(tmp_path / "results.json", "--format", formats)
    assert ran.exit_code == 2
    assert "md, html, png, svg, csv, github" in ran.stderr


def test_without_matplotlib_the_plots_alone_are_missing(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "available", lambda: False)
    path = tmp_path / "results.json"
    results_file.save(whole, path)
    ran = command(path)
    assert ran.exit_code == 0
    assert ran.stderr.count("\n") == 1 and "matplotlib is not installed" in ran.stderr
    assert (tmp_path / "report.html").exists() and not (tmp_path / "pareto.png").exists()
    ran = command(path, "--format", "svg")
    assert ran.exit_code == 2
    assert "fer-edge[plot]" in ran.stderr
