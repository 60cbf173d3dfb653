import io
import re

import cv2
import pytest
from rich.console import Console

from benchmarks import report
from benchmarks.report import github_action, markdown, plots
from benchmarks.report.table import SYNTHETIC

from ..full_results import full_results
from ..minimal_results import minimal_results


def terminal(results, width=160) -> str:
    console = Console(file=io.StringIO(), width=width)
    report.show(results, console)
    return console.file.getvalue()


def test_the_report_holds_one_table_and_every_plot_it_shows(tmp_path):
    written = report.write(minimal_results(), tmp_path)
    text = written.read_text()
    assert text.count("| --- |") == 1
    for name in ("fer2013_0", "fer2013_1", "ferplus_2"):
        assert f"| {name} |" in text
    shown = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert sorted(shown) == [
        "confusion_fer2013_0.png",
        "confusion_fer2013_1.png",
        "confusion_ferplus_2.png",
        "pareto.png",
    ]
    for name in shown:
        assert cv2.imread(str(tmp_path / name)).std() > 10
    others = {
        "report.md",
        "report.html",
        "results.csv",
        github_action.SMALLER,
        github_action.BIGGER,
    }
    assert {path.name for path in tmp_path.iterdir()} == {*shown, *others}


@pytest.mark.parametrize("synthetic", [True, False])
def test_synthetic_faces_are_called_so_and_people_are_not(synthetic, tmp_path):
    results = minimal_results(synthetic=synthetic)
    text = report.write(results, tmp_path).read_text()
    assert (SYNTHETIC in text.split("|")[0]) is synthetic  # above the table
    assert (SYNTHETIC in terminal(results)) is synthetic


def test_an_interrupted_run_is_reported_as_far_as_it_went(tmp_path):
    results = minimal_results(partial=True)
    results["models"][1] |= {"accuracy": None, "latency": None}
    results["models"][2]["latency"] = None
    results["protocol"]["rounds"] = 9999
    text = report.write(results, tmp_path).read_text()
    assert "Partial" in text
    assert "Partial" in terminal(results)
    assert "5 rounds" in text
    assert "9,999" not in text
    assert "confusion_fer2013_1.png" not in text
    assert "pareto.png" in text


def test_a_run_interrupted_at_once_has_a_report_without_plots(tmp_path):
    results = minimal_results(partial=True)
    for model in results["models"]:
        model |= {"accuracy": None, "latency": None}
    assert "![" not in report.write(results, tmp_path).read_text()


def test_without_matplotlib_the_report_says_why_there_are_no_plots(tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "available", lambda: False)
    text = report.write(minimal_results(), tmp_path).read_text()
    assert "matplotlib is not installed" in text
    assert "![" not in text


def test_the_terminal_shows_names_and_intervals():
    text = terminal(minimal_results())
    assert "ferplus_2" in text
    assert re.search(r"\[\d\d\.\d\d, \d\d\.\d\d\]", text)


def test_the_pareto_front_drops_models_that_another_beats_in_both():
    def model(name, p50, top1):
        return plots.Point({"name": name}, {"top1": top1}, {"p50_us": p50})

    models = [
        model("slow and good", 900, 0.7),
        model("fast and fair", 200, 0.6),
        model("slower and fair", 300, 0.6),
        model("slowest and bad", 950, 0.5),
    ]
    names = [one.model["name"] for one in plots.pareto_front(models)]
    assert names == ["fast and fair", "slow and good"]


def test_names_on_the_plot_do_not_cover_each_other():
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation, Text

    from benchmarks.report.label_placement import place

    axes = Figure(figsize=(9, 6)).add_subplot()
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 10)
    place(axes, [(5.0, 5.0 + i / 50, 10.0, f"a model {i}\n60 %", "black") for i in range(6)])
    notes = [text for text in axes.texts if isinstance(text, Annotation)]
    boxes = [Text.get_window_extent(note) for note in notes]
    assert len(boxes) == 6
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_core_class_stands_in_the_title_and_a_slow_int8_is_explained():
    results = minimal_results(models=2)
    slow, fast = results["models"]
    fast["precision"] = "float32"
    slow["latency"]["p50_us"], fast["latency"]["p50_us"] = 800.0, 500.0
    results["machine"]["core_class"] = "x86-avx2"
    text = markdown.text(results)
    assert text.startswith("# Benchmark on Example, core class x86-avx2\n")
    assert "fer2013_0 takes 1.60 times as long as fer2013_1 here" in text
    assert "x86-avx2 have no int8 dot product" in text
    slow["latency"]["p50_us"] = 400.0
    assert "times as long" not in markdown.text(results)


def test_counts_have_a_table_of_their_own_and_say_what_is_estimated():
    text = markdown.text(full_results(images=50, rounds=20))
    assert "## Instructions on other cores" in text
    assert "| cortex-a76 | fer2013_int8 |" in text
    assert "cycles and times are estimated" in text
    assert "Instructions" not in markdown.text(minimal_results())


def test_frames_on_other_cores_have_a_rate_and_shares():
    text = markdown.text(full_results(images=50, rounds=20))
    assert "## Camera frame on other cores" in text
    assert "| Pi 3B, cortex-a53 | 45 to 55 | 18 to 22 | 120 |" in text
    assert "Camera frame on other cores" not in markdown.text(minimal_results())
