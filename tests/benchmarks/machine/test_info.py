import json

import pytest
from jsonschema import Draft202012Validator

from benchmarks.machine import info as machine_info
from benchmarks.results import file as results_file
from device.system import firmware

from ..minimal_results import minimal_results

SCHEMA = json.loads(results_file.SCHEMA.read_text())


def test_what_is_noted_of_the_machine_is_json_of_the_schema():
    facts = machine_info.facts() | {"host": None, "marks": []}
    facts |= {"before": machine_info.state(), "after": machine_info.state()}
    Draft202012Validator(SCHEMA).validate(minimal_results() | {"machine": facts})


def test_a_missing_governor_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(machine_info, "GOVERNOR", tmp_path / "none")
    assert machine_info.facts()["governor"] is None
    assert machine_info.state()["governor"] is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("processor\t: 0\nmodel name\t: Cortex-A72\nprocessor\t: 1\n", "Cortex-A72"),
        ("processor\t: 0\nHardware\t: BCM2835\nModel\t: Raspberry Pi 4\n", "Raspberry Pi 4"),
    ],
)
def test_the_processor_is_named_as_linux_does(text, name, monkeypatch, tmp_path):
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(machine_info, "CPU_INFO", tmp_path / "cpuinfo")
    assert machine_info.cpu_model() == name


def test_the_clock_of_each_core_in_the_order_of_the_cores(monkeypatch, tmp_path):
    for core, clock in ((10, 600), (0, 1500), (2, 1800)):
        folder = tmp_path / f"cpu{core}" / "cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_cur_freq").write_text(f"{clock}000\n")
    monkeypatch.setattr(machine_info, "CORES", tmp_path)
    assert machine_info.clocks() == [1500.0, 1800.0, 600.0]


def test_without_a_governor_the_clock_is_that_of_cpuinfo(monkeypatch, tmp_path):
    monkeypatch.setattr(machine_info, "CORES", tmp_path)
    monkeypatch.setattr(machine_info, "CPU_INFO", tmp_path / "cpuinfo")
    assert machine_info.clocks() is None
    (tmp_path / "cpuinfo").write_text("cpu MHz\t: 2596.098\ncpu MHz\t: 800.000\n")
    assert machine_info.clocks() == [2596.1, 800.0]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (None, None),
        ("error=1 error_msg='no'", None),
        ("0", {"raw": 0, "flags": []}),
        ("throttled=0x0", {"raw": 0, "flags": []}),
        ("throttled=0x4", {"raw": 4, "flags": ["throttled"]}),
        (
            "throttled=0x50001",
            {
                "raw": 0x50001,
                "flags": ["under-voltage", "under-voltage since boot", "throttled since boot"],
            },
        ),
    ],
)
def test_throttle_flags_are_named(answer, found, monkeypatch):
    monkeypatch.setattr(firmware, "get_throttled", lambda: answer)
    assert machine_info.throttled() == found
