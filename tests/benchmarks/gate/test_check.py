import copy
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.gate import check as gate
from benchmarks.gate import limits, rules
from benchmarks.gate.case import Session
from benchmarks.gate.verdict import Status, Verdict
from benchmarks.report import junit
from device.errors import InputError

from ..full_results import full_results, slowed

PATH = Path("bench.toml")


@pytest.fixture(scope="module")
def main():
    return full_results(seed=1, images=200)


@pytest.fixture
def now():
    return full_results(seed=2, images=200)


def judge(now, text, main=None, **options) -> Verdict:
    baseline = Session("main.json", main) if main else None
    return gate.evaluate(Session("results.json", now), rules.parse(text, PATH), baseline, **options)


def statuses(verdict) -> dict:
    return {check.model: check.status for check in verdict.checks}


def block(results, name) -> dict:
    return next(model for model in results["models"] if model["name"] == name)


SLOWER = '[models."*_int8"]\nmax_slower = 0.05'


def test_the_same_models_on_another_day_hold_every_default(main, now):
    verdict = gate.evaluate(
        Session("results.json", now), rules.load(rules.DEFAULT), Session("main.json", main)
    )
    assert not verdict.count(Status.failed)
    assert verdict.count(Status.passed) > 20


def test_a_slow_down_is_named_with_interval_limit_and_baseline(main, now):
    verdict = judge(slowed(now, "fer2013_int8", 1.15), SLOWER, main)
    assert statuses(verdict) == {"fer2013_int8": Status.failed, "ferplus_int8": Status.passed}
    line = verdict.checks[0].message
    assert line.startswith("fer2013_int8: slower 1")
    for part in (" % [", "than main.json", "at most 5.00 %", "(max_slower)"):
        assert part in line


def test_a_model_that_is_only_slower_because_the_machine_is_passes(main, now):
    for one in (now["reference"], *now["models"]):
        one["latency"]["round_medians_us"] = [3 * x for x in one["latency"]["round_medians_us"]]
    now["machine"]["cpu"] = "Cortex-A53"
    verdict = judge(now, SLOWER, main)
    assert set(statuses(verdict).values()) == {Status.passed}
    assert "another machine" in verdict.notes[0]


def test_a_point_beyond_the_limit_is_inconclusive_until_the_interval_is(now):
    value = block(now, "fer2013_int8")["accuracy"]["top1"]
    text = f'[models."fer2013_int8"]\nmin_top1 = {value + 0.005}\n'
    assert judge(now, text).checks[0].status is Status.inconclusive
    assert judge(now, text + 'decide_by = "point"').checks[0].status is Status.failed
    far = f'[models."fer2013_int8"]\nmin_top1 = {value + 0.2}\n'
    assert judge(now, far).checks[0].status is Status.failed


@pytest.mark.parametrize("key", sorted(limits.LIMITS))
def test_every_limit_can_break_and_can_hold(key, main, now):
    """A limit far above or below the figure decides the check, for every figure."""
    ours = block(now, "fer2013_int8")
    ours["accuracy"] = {**copy.deepcopy(ours["accuracy"]), "ece": 0.3}
    ours["accuracy_leak_free"] = ours["accuracy"]
    slowed(now, "fer2013_int8", 1.5)
    ours["size"]["bytes"] *= 2
    ours["cold"]["peak_rss_kb"] = {"p50": 90_000, "ci95": [89_000, 91_000]}
    for count in ours["counts"]:
        count["instructions"] *= 2
    if key.endswith(("_drop", "_loss")):  # every answer one class on
        counts = [row[-1:] + row[:-1] for row in ours["accuracy"]["confusion"]]
        hits = sum(counts[i][i] for i in range(len(counts)))
        ours["accuracy"] |= {"confusion": counts, "top1": hits / ours["accuracy"]["n"]}
        ours["accuracy"]["macro_f1"] = 0.05
    floor = limits.LIMITS[key].side is limits.Side.floor
    top = min(limits.LIMITS[key].highest, 1e12)
    strict, lax = (top, 0.0) if floor else (0.0, top)
    for limit, status in ((strict, Status.failed), (lax, Status.passed)):
        verdict = judge(now, f'[models."fer2013_int8"]\n{key} = {limit}', main)
        cores = len(ours["counts"]) if limits.LIMITS[key].each_core else 1
        assert [check.status for check in verdict.checks] == [status] * cores, verdict.checks[
            0
        ].message


def test_the_drop_is_measured_from_the_float_twin_and_never_by_it(now):
    verdict = judge(now, '[models."fer*"]\nmax_top1_drop = 0.02')
    names = {check.model: check.message for check in verdict.checks}
    assert set(names) == {"fer2013_float16", "fer2013_dynamic", "fer2013_int8", "ferplus_int8"}
    assert "against ferplus_float32" in names["ferplus_int8"]


def test_a_parent_may_be_named(now):
    text = '[models."fer2013_int8"]\nmax_top1_drop = 0.02\nparent = '
    assert "against fer2013_float16" in judge(now, text + '"*_float16"').checks[0].message
    with pytest.raises(InputError, match=r"matches fer2013_float32, fer2013_float16"):
        judge(now, text + '"fer2013_f*"')
    with pytest.raises(InputError, match=r"matches none"):
        judge(now, text + '"ferplus_float32"')


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda main: main["models"].pop(3), "main.json has no model fer2013_int8"),
        (lambda main: main["reference"].update(sha256="0" * 64), "another reference workload"),
        (lambda main: main["protocol"].update(threads=[4]), "threads 4"),
        (lambda main: main["protocol"].update(backend="onnxruntime"), "backend onnxruntime"),
        (lambda main: main.update(reference=None), "no reference workload"),
        (
            lambda main: main["models"][3]["latency"].update(round_medians_us=None),
            "no round medians",
        ),
        (lambda main: main["models"][3].update(latency=None), "no latency in main.json"),
    ],
)
def test_a_baseline_that_does_not_compare_is_refused(spoil, message, main, now):
    spoilt = copy.deepcopy(main)
    spoil(spoilt)
    with pytest.raises(InputError, match=message):
        judge(now, SLOWER, spoilt)


def test_a_baseline_on_other_images_is_refused(main, now):
    now["data"]["digest"] = "cd" * 32
    with pytest.raises(InputError, match="other images"):
        judge(now, '[models."*"]\nmax_top1_loss = 0.01', main)


def test_too_few_rounds_are_refused(main):
    with pytest.raises(InputError, match=r"10 rounds, too few .* --rounds 20"):
        judge(full_results(rounds=10, images=50), SLOWER, main)


def test_a_rule_that_matches_no_model_is_refused_unless_optional(now):
    text = '[models."*_int4"]\nmax_bytes = 1\n'
    with pytest.raises(InputError, match=r"int4.* matches no model .*fer2013_int8"):
        judge(now, text)
    assert judge(now, text + "optional = true").checks == ()


def test_what_was_not_measured_is_refused_unless_optional(now):
    text = '[models."emotion*"]\nmax_peak_rss_kb = 1\n'
    with pytest.raises(InputError, match="emotion_model_quantized has no cold"):
        judge(now, text)
    assert statuses(judge(now, text + "optional = true")) == {
        "emotion_model_quantized": Status.skipped
    }


def test_regressions_without_a_baseline_are_skipped_and_said(now):
    verdict = judge(now, SLOWER)
    assert {check.status for check in verdict.checks} == {Status.skipped}
    assert "no --baseline" in verdict.checks[0].message
    assert "no --baseline" in verdict.notes[0]


def test_new_models_may_be_allowed(main, now):
    old = copy.deepcopy(main)
    del old["models"][3]
    verdict = judge(now, "allow_new = true\n" + SLOWER, old)
    assert statuses(verdict) == {"fer2013_int8": Status.skipped, "ferplus_int8": Status.passed}


def test_marks_and_interruptions_are_noted(now):
    now["machine"]["marks"] = [{"what": "throttled", "text": "the clock fell", "detail": {}}]
    now["partial"] = True
    notes = judge(now, '[models."*"]\nmax_bytes = 9e9').notes
    assert "results.json is partial: its run was interrupted" in notes
    assert "results.json is marked: the clock fell" in notes


def test_junit_counts_what_the_gate_found(tmp_path, main, now):
    old = copy.deepcopy(main)
    del old["models"][4:]
    verdict = judge(slowed(now, "fer2013_int8", 1.2), "allow_new = true\n" + SLOWER, old)
    junit.write(verdict, tmp_path / "gate.xml", "gate")
    suite = ElementTree.parse(tmp_path / "gate.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "1", "1")
    failed = suite.find("testcase[failure]")
    assert (failed.get("classname"), failed.get("name")) == ("fer2013_int8", "max_slower")
    assert "slower" in failed.find("failure").get("message")
    assert all(float(case.get("time")) >= 0 for case in suite.iter("testcase"))
    assert float(suite.get("time")) > 0 and suite.get("timestamp")


@pytest.mark.parametrize("classes", [("x86-avx2", "x86-vnni"), ("unknown", "x86-vnni")])
def test_latencies_of_two_core_classes_are_refused_in_one_line(main, now, classes):
    main, now = copy.deepcopy(main), copy.deepcopy(now)
    for results, core_class in zip((main, now), classes, strict=True):
        results["machine"]["core_class"] = core_class
    with pytest.raises(InputError, match=f"on core class {classes[0]}.* on {classes[1]}") as caught:
        judge(now, SLOWER, main)
    assert "measure the baseline on this machine" in str(caught.value)
    assert "\n" not in str(caught.value)
    judge(now, '[models."*_int8"]\nmax_larger = 0.05', main)  # sizes compare everywhere


def test_two_files_that_name_no_core_class_do_not_compare(main, now):
    main, now = copy.deepcopy(main), copy.deepcopy(now)
    for results in (main, now):
        results["machine"]["core_class"] = "unknown"
    with pytest.raises(InputError, match=r"neither main\.json nor results\.json says"):
        judge(now, SLOWER, main)


MORE = '[models."fer2013_int8"]\nmax_more_instructions = 0.01'


def counted(results, name, core) -> dict:
    return next(c for c in block(results, name)["counts"] if c["core"] == core)


def test_one_percent_more_instructions_is_caught_on_the_core_that_has_them(main, now):
    count = counted(now, "fer2013_int8", "cortex-a72")
    count["instructions"] = round(1.0101 * count["instructions"])
    verdict = judge(now, MORE, main)
    assert [check.status for check in verdict.checks] == [Status.failed, Status.passed]
    line = verdict.checks[0].message
    assert line.startswith("fer2013_int8 on cortex-a72: more instructions 1.01 % than main.json")
    count["instructions"] = round(count["instructions"] / 1.0101 * 1.0099)
    assert not judge(now, MORE, main).count(Status.failed)


def test_counts_compare_between_machines_of_any_class(main, now):
    now["machine"]["core_class"] = "x86-avx2"
    assert set(statuses(judge(now, MORE, main)).values()) == {Status.passed}


def test_a_limit_may_be_one_of_a_single_core(now):
    limits = "max_instructions = {cortex-a72 = 1e12, cortex-a76 = 1}"
    verdict = judge(now, f'[models."fer2013_int8"]\n{limits}')
    assert [check.status for check in verdict.checks] == [Status.passed, Status.failed]


def test_a_limit_of_an_unknown_core_names_the_nearest(now):
    with pytest.raises(InputError, match="did you mean cortex-a7"):
        judge(now, '[models."*"]\nmax_instructions = {cortex-a7 = 1}')


def test_counts_that_are_not_there_are_asked_for(main, now):
    with pytest.raises(InputError, match=r"no count on cortex-a53 in results\.json.*--count"):
        judge(now, '[models."fer2013_int8"]\nmax_instructions = {cortex-a53 = 1}')
    for model in now["models"]:
        model["counts"] = []
    with pytest.raises(InputError, match=r"no count in results\.json"):
        judge(now, MORE, main)


def test_counts_of_another_runtime_are_noted(main, now):
    for count in block(now, "fer2013_int8")["counts"]:
        count["runtime"] = "ai-edge-litert 2.2.0"
    assert any("litert 2.2.0" in note for note in judge(now, MORE, main).notes)


def test_generated_faces_say_how_blunt_their_accuracy_is(main, now):
    text = '[models."fer2013_int8"]\nmax_top1_loss = 0.01\n'
    assert not any("synthetic faces" in note for note in judge(now, text, main).notes)
    now["data"]["synthetic"] = True
    (note,) = [one for one in judge(now, text, main).notes if "synthetic faces" in one]
    points = float(re.search(r"fall by about (\d+\.\d) points", note)[1])
    assert 8 < points < 10  # 1.0 of limit, and 1.645 * sqrt(2 * 0.66 * 0.34 / 200) of noise
