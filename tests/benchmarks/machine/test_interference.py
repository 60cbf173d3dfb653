import numpy as np
import pytest

from benchmarks.machine import interference

from ..minimal_results import STATE

QUIET = {**STATE, "governor": "performance", "load": [0.1, 0.1, 0.1]}


def marks(before=None, after=None, cores=4, others=0.0, preempted=(), runs=()):
    return interference.marks(
        QUIET | (before or {}),
        None if after is None else QUIET | after,
        cores=cores,
        others=others,
        preempted=preempted,
        runs=runs,
    )


def throttled(*flags):
    return {"throttled": {"raw": 1, "flags": list(flags)}}


def test_a_quiet_run_has_no_mark():
    assert marks(throttled(), throttled() | {"temperature_c": 55.0}) == []


@pytest.mark.parametrize(
    ("change", "what", "says"),
    [
        ({"before": throttled(), "after": throttled("throttled")}, "throttled", "throttled"),
        (
            {"before": throttled(), "after": throttled("under-voltage since boot")},
            "throttled",
            "under-voltage since boot",
        ),
        ({"before": throttled("frequency capped")}, "throttled", "frequency capped"),
        ({"after": {"temperature_c": 82.4}}, "hot", "82 °C"),
        ({"preempted": ["a", "b"]}, "preempted", "a, b"),
        ({"before": {"load": [2.5, 1.0, 1.0]}}, "busy", "load 2.50 at the start"),
        ({"others": 1.5}, "busy", "other processes used 1.50 cores"),
        (
            {"runs": [{"pid": 7, "since": "now", "about": "x.tflite"}]},
            "another_run",
            "process 7 with x.tflite",
        ),
        ({"before": {"governor": "ondemand"}, "after": {}}, "governor", "ondemand"),
    ],
)
def test_what_disturbed_a_run_is_marked_in_one_line(change, what, says):
    (mark,) = marks(**change)
    assert mark["what"] == what
    assert says in mark["text"]
    assert "\n" not in mark["text"]
    assert mark["detail"]


def test_what_was_throttled_before_the_run_and_no_more_is_no_mark():
    assert marks(throttled("throttled since boot"), throttled("throttled since boot")) == []


def test_the_load_that_a_run_just_before_left_is_no_mark():
    assert marks({"load": [1.0, 0.5, 0.2]}, cores=2) == []


def test_many_preempted_settings_are_counted_in_the_line_and_listed_in_the_detail():
    names = [f"m{i}" for i in range(30)]
    (mark,) = marks(preempted=names)
    assert "and 27 more" in mark["text"]
    assert mark["detail"]["models"] == names


def test_a_governor_is_a_fact_and_casts_no_doubt():
    assert not interference.is_doubtful(marks({"governor": "powersave"}))
    assert interference.is_doubtful(marks({"load": [9.0, 9.0, 9.0]}))


def test_steady_rounds_are_not_disturbed():
    times = np.random.default_rng(0).normal(150_000, 3_000, (100, 10)).astype(np.int64)
    assert not interference.disturbed(times, np.zeros(100, np.int64))
    few = np.zeros(100, np.int64)
    few[:4] = 1
    assert not interference.disturbed(times, few)


def test_rounds_far_from_the_median_and_preemptions_are_a_disturbance():
    times = np.random.default_rng(0).normal(150_000, 3_000, (100, 10)).astype(np.int64)
    often = np.zeros(100, np.int64)
    often[::10] = 1
    assert interference.disturbed(times, often)
    times[::5] *= 2
    assert interference.disturbed(times, np.zeros(100, np.int64))


def test_the_processor_time_of_this_process_is_not_that_of_others(monkeypatch, tmp_path):
    ticks = interference.os.sysconf("SC_CLK_TCK")
    monkeypatch.setattr(interference, "STAT", tmp_path / "stat")
    monkeypatch.setattr(interference.time, "monotonic", iter([0.0, 10.0]).__next__)
    own = iter([(1.0, 0, 0, 0, 0), (9.0, 0, 0, 0, 0)])
    monkeypatch.setattr(interference.os, "times", lambda: next(own))
    # user nice system idle iowait irq softirq steal
    (tmp_path / "stat").write_text("cpu  0 0 0 0 0 0 0 0 0 0\n")
    watch = interference.Watch()
    (tmp_path / "stat").write_text(f"cpu  {9 * ticks} 0 0 {ticks} 0 0 0 {4 * ticks} 0 0\n")
    assert watch.others() == pytest.approx((9 + 4 - 8) / 10)


def test_without_proc_nothing_is_known_of_others(monkeypatch, tmp_path):
    monkeypatch.setattr(interference, "STAT", tmp_path / "none")
    assert interference.Watch().others() is None
