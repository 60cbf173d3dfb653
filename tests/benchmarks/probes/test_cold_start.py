import subprocess
import sys
from dataclasses import replace

import pytest

from benchmarks.machine import memory
from benchmarks.models.external_spec import Spec
from benchmarks.probes import cold_start
from device.errors import InputError
from device.labels import FER2013


def test_a_model_in_fresh_processes(model_files):
    block = cold_start.measure(model_files["int8"], n=2)
    assert block["kind"] == "measured" and block["n"] == 2
    for name in ("load_ms", "first_ms", "peak_rss_kb"):
        low, high = block[name]["ci95"]
        assert 0 < low <= block[name]["p50"] <= high
    assert block["peak_rss_kb"]["p50"] > block["runtime_rss_kb"] > 10_000


def test_a_single_process_has_no_interval(model_files):
    assert cold_start.measure(model_files["int8"], n=1)["load_ms"]["ci95"] is None


def test_a_model_of_others_needs_its_description(model_files):
    spec = Spec("other", "fer2013", FER2013, (48, 48), mean=0, std=1)
    block = cold_start.measure(model_files["float32"], n=1, peer=spec)
    assert block["peak_rss_kb"]["p50"] > block["runtime_rss_kb"]
    wrong = replace(spec, size=(64, 64))
    with pytest.raises(InputError, match="its description says"):
        cold_start.measure(model_files["float32"], n=1, peer=wrong)


def test_a_process_imports_what_a_device_needs_and_nothing_else(model_files):
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-P",
        str(cold_start.BOOTSTRAP),
        "benchmarks.probes.cold_start_worker",
    ]
    done = subprocess.run(
        [*command, str(model_files["int8"]), "1"], capture_output=True, text=True, check=True
    )
    names = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
    imported = {name.partition(".")[0] for name in names}
    assert {"numpy", "device"} <= imported
    assert not imported & {"cv2", "rich", "typer", "tensorflow", "matplotlib", "fer_edge"}


def test_what_is_wrong_with_a_model_is_one_line(tmp_path):
    path = tmp_path / "none.tflite"
    with pytest.raises(InputError) as error:
        cold_start.measure(path, n=1)
    assert str(error.value) == f"{path}: no such model file"


def test_a_system_that_does_not_say_its_memory_is_not_measured(model_files, monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "STATUS", tmp_path / "none")
    assert cold_start.measure(model_files["int8"], n=1) is None
