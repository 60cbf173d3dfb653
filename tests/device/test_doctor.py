"""`fer-edge doctor` on machines with problems."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from device import doctor
from device.doctor import hardware, software
from device.doctor.finding import Status
from device.doctor.subprocess_check import SubprocessCheckFailed, run_check
from device.system import firmware, sha256sums


@pytest.fixture
def root(tmp_path):
    """An empty machine."""
    return tmp_path / "root"


@pytest.fixture(autouse=True)
def no_firmware(monkeypatch):
    monkeypatch.setattr(firmware.shutil, "which", lambda program: None)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def add_camera(root, number, name, index=0):
    folder = root / "sys/class/video4linux" / f"video{number}"
    write(folder / "name", f"{name}\n")
    write(folder / "index", f"{index}\n")
    write(root / "dev" / f"video{number}", "")


@pytest.fixture
def installed(monkeypatch):
    """Set which distributions are installed."""
    versions = {}

    def version(name):
        if name not in versions:
            raise software.importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(software.importlib.metadata, "version", version)
    return versions


@pytest.fixture
def broken(monkeypatch, tmp_path):
    """Replace an installed module by another one."""

    def broken(name, code):
        folder = tmp_path / "broken"
        write(folder / f"{name}.py", code)
        if str(folder) not in sys.path:
            monkeypatch.syspath_prepend(str(folder))

    return broken


def assert_finding(finding, status, message, fix=None):
    assert finding.status == status
    assert message in finding.message
    assert bool(finding.fix) == (status != "ok")
    if fix:
        assert fix in finding.fix
    assert "\n" not in finding.message + finding.fix


def test_this_machine_can_run_fer_edge():
    for check in (software.python, software.numpy, software.runtime, software.opencv):
        finding = check()
        assert finding.status != "problem" and finding.message
    assert software.haar().status == "ok"


def test_an_old_python_is_a_problem(monkeypatch):
    monkeypatch.setattr(software.sys, "version_info", (3, 10, 4))
    assert_finding(software.python(), "problem", "Python", "Python 3.11")


def test_32_bits_are_slow(monkeypatch):
    monkeypatch.setattr(software.sys, "maxsize", 2**31 - 1)
    assert_finding(software.python(), "warning", "32 bits", "64-bit")


def test_tflite_runtime_with_numpy_2_is_named(installed):
    installed |= {"numpy": "2.1.0", "tflite-runtime": "2.14.0"}
    assert_finding(
        software.numpy(), "problem", "numpy 2.1.0 with tflite-runtime 2.14.0", "fer-edge[legacy]"
    )
    for finding in (software.runtime(), software.model(Path("any.tflite"))):
        assert_finding(finding, "problem", "cannot run", "numpy")


def test_the_old_runtime_beside_the_new_one_does_not_matter(installed):
    installed |= {"numpy": "2.1.0", "tflite-runtime": "2.14.0", "ai-edge-litert": "2.1.6"}
    assert software.numpy().status == "ok"
    assert software.runtime().status == "ok"


def test_nothing_installed_is_a_problem(installed):
    assert_finding(software.numpy(), "problem", "not installed", "pip install")
    assert_finding(software.runtime(), "problem", "no TensorFlow Lite runtime", "ai-edge-litert")


def test_the_old_runtime_and_untested_ones_are_warned_of(installed):
    installed |= {"numpy": "1.26.4", "tflite-runtime": "2.14.0"}
    assert_finding(software.runtime(), "warning", "without XNNPACK", "ai-edge-litert")
    installed["ai-edge-litert"] = "2.3.0"
    assert_finding(software.runtime(), "warning", "not tested", ">=2.1.6,<2.2")


def test_two_packages_of_opencv_overwrite_each_other(installed):
    installed |= {"opencv-python": "4.13.0.1", "opencv-python-headless": "4.13.0.1"}
    assert_finding(software.opencv(), "warning", "overwrite each other", "pip uninstall")


def test_opencv_without_a_display_library_is_explained(broken):
    broken("cv2", "raise ImportError('libGL.so.1: cannot open shared object file')")
    assert_finding(software.opencv(), "problem", "libGL.so.1", "opencv-python-headless")
    assert software.haar().status == "problem"


@pytest.mark.parametrize(
    ("version", "status"), [("5.0.0", "problem"), ("4.10.1", "problem"), ("4.11.0", "ok")]
)
def test_versions_of_opencv_without_what_is_needed_are_problems(broken, version, status):
    build = "  FFMPEG:   YES\\n  v4l/v4l2:   YES (linux/videodev2.h)\\n  GStreamer:  NO\\n"
    broken("cv2", f"__version__ = '{version}'\ndef getBuildInformation(): return '{build}'")
    finding = software.opencv()
    assert_finding(finding, status, f"OpenCV {version} with V4L2, FFMPEG")


def test_opencv_without_ffmpeg_reads_no_videos(broken):
    broken("cv2", "__version__ = '4.12.0'\ndef getBuildInformation(): return 'FFMPEG:  NO'")
    assert_finding(software.opencv(), "warning", "no video", "FFMPEG")


def test_a_library_that_crashes_does_not_crash_the_doctor(broken):
    broken("cv2", "import os, signal\nos.kill(os.getpid(), signal.SIGILL)")
    assert_finding(software.opencv(), "problem", "crashes (SIGILL)")


def test_an_unknown_trial_fails():
    with pytest.raises(SubprocessCheckFailed, match="KeyError"):
        run_check("nothing")


def test_xnnpack_needs_a_model():
    assert_finding(software.model(None), "warning", "not checked", ".tflite")


def test_xnnpack_is_seen_on_a_model(models):
    assert_finding(software.model(models["int8"]), "ok", "int8, 7 labels, XNNPACK active")


def test_a_model_that_is_none_is_a_problem(tmp_path):
    assert_finding(software.model(tmp_path / "none.tflite"), "problem", "no such model file")


def test_the_fetched_detector_is_checked(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert_finding(software.yunet(None), "ok", "not downloaded")
    write(software.YUNET.path(), "damaged")
    assert_finding(software.yunet(None), "problem", "has 7 bytes", "fetch yunet")
    assert_finding(software.yunet(tmp_path / "other.onnx"), "problem", "no such detector file")


def test_cameras_are_listed_by_name(root):
    add_camera(root, 0, "USB Camera")
    add_camera(root, 1, "USB Camera", index=1)  # its metadata
    add_camera(root, 2, "HD Webcam")
    add_camera(root, 10, "bcm2835-codec-decode")
    add_camera(root, 20, "pispbe-input")
    finding = hardware.cameras(root)
    assert_finding(finding, "ok", "/dev/video0 (USB Camera), /dev/video2 (HD Webcam)")
    assert "video1" not in finding.message


def test_no_camera_is_a_warning(root):
    assert_finding(hardware.cameras(root), "warning", "no camera", "connect one")
    add_camera(root, 10, "bcm2835-codec-decode")
    assert_finding(hardware.cameras(root), "warning", "no camera")


def test_a_camera_outside_the_container_is_a_warning(root):
    add_camera(root, 0, "USB Camera")
    (root / "dev/video0").unlink()
    assert_finding(hardware.cameras(root), "warning", "not in /dev", "container")


def test_a_camera_that_may_not_be_opened_is_a_problem(root, monkeypatch):
    add_camera(root, 0, "USB Camera")
    monkeypatch.setattr(hardware.os, "access", lambda path, mode: False)
    assert_finding(hardware.cameras(root), "problem", "not permitted", "usermod -aG video")


@pytest.mark.parametrize("name", ["unicam-image", "rp1-cfe-csi2_ch0"])
def test_a_camera_module_needs_picamera2(root, monkeypatch, name):
    add_camera(root, 0, name)
    monkeypatch.setattr(hardware.importlib.util, "find_spec", lambda module: None)
    assert_finding(hardware.cameras(root), "warning", "without picamera2", "python3-picamera2")
    monkeypatch.setattr(hardware.importlib.util, "find_spec", lambda module: object())
    assert_finding(hardware.cameras(root), "ok", "picamera")


@pytest.mark.parametrize(
    ("bits", "status", "message", "fix"),
    [
        ("0", "ok", "none", None),
        ("50000", "warning", "under-voltage, throttled since boot", "power supply"),
        ("80000", "warning", "soft heat limit since boot", "heat sink"),
        ("50005", "problem", "under-voltage, throttled right now", "power supply"),
        ("2", "problem", "frequency capped right now", "heat sink"),
        ("nonsense", "warning", "nonsense", "update"),
    ],
)
@pytest.mark.parametrize("place", ["soc/soc:firmware", "soc@107c000000/soc@107c000000:firmware"])
def test_throttling_is_read(root, place, bits, status, message, fix):
    write(root / "sys/devices/platform" / place / "get_throttled", f"{bits}\n")
    assert_finding(hardware.throttling(root), status, message, fix)


def test_a_machine_that_is_no_pi_does_not_report_throttling(root):
    assert_finding(hardware.throttling(root), "ok", "not a Raspberry Pi")


def test_a_pi_that_does_not_answer_is_a_warning(root):
    write(root / "proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0")
    assert_finding(hardware.throttling(root), "warning", "does not respond", "usermod")


def test_the_firmware_is_asked_where_there_are_no_files(root, tmp_path, monkeypatch):
    program = write(
        tmp_path / "vcgencmd",
        '#!/bin/sh\n[ $1 = get_throttled ] && echo throttled=0x1 || echo "temp=75.3\'C"\n',
    )
    program.chmod(0o700)
    monkeypatch.setattr(firmware.shutil, "which", lambda name: str(program))
    assert_finding(hardware.throttling(root), "problem", "under-voltage right now")
    assert_finding(hardware.temperature(root), "warning", "75 °C", "heat sink")


@pytest.mark.parametrize(
    ("reading", "status"), [("48312", "ok"), ("70000", "warning"), ("80000", "problem")]
)
def test_heat_is_judged(root, reading, status):
    write(root / "sys/class/thermal/thermal_zone0/temp", f"{reading}\n")
    assert_finding(hardware.temperature(root), status, f"{int(reading) / 1000:.0f} °C")


def test_no_sensor_is_fine(root):
    assert_finding(hardware.temperature(root), "ok", "no sensor")


@pytest.mark.parametrize(
    ("free", "status"), [(3_000_000, "ok"), (250_000, "warning"), (100_000, "problem")]
)
def test_memory_is_judged(root, free, status):
    write(
        root / "proc/meminfo",
        f"MemTotal:  4000000 kB\nMemFree: 12 kB\nMemAvailable:  {free} kB\nHugePages_Total: 0\n",
    )
    assert_finding(hardware.memory(root), status, "of 4,096 MB")


def test_memory_that_is_not_reported_is_fine(root):
    assert_finding(hardware.memory(root), "ok", "not reported")


def test_a_sensor_that_cannot_be_read_is_a_warning(monkeypatch, root):
    def fails(root):
        raise OSError("I/O error")

    monkeypatch.setattr(hardware, "memory", fails)
    (finding,) = [found for found in doctor.examine(root=root) if found.name == "memory"]
    assert_finding(finding, "warning", "cannot be checked: I/O error", "fer-edge doctor")


def run(*arguments):
    from fer_edge.cli.app import app

    result = CliRunner().invoke(app, ["doctor", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def found(monkeypatch):
    """Replace the findings."""
    findings = [
        doctor.Finding(Status.ok, "numpy 2", "", "numpy"),
        doctor.Finding(Status.warning, "no camera", "connect one", "cameras"),
    ]
    monkeypatch.setattr(doctor, "examine", lambda **options: iter(findings))
    return findings


def test_warnings_are_no_failure(found):
    code, out, err = run()
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["ok", "warning", "->"]


def test_problems_are_exit_code_1(found):
    found.append(doctor.Finding(Status.problem, "no runtime", "pip install it", "runtime"))
    code, out, err = run()
    assert code == 1
    assert "-> pip install it" in out and err == "fer-edge: 1 problem found\n"


def test_json_holds_the_same(found):
    found.append(doctor.Finding(Status.problem, "no runtime", "pip install it", "runtime"))
    code, out, _ = run("--json")
    assert code == 1
    answer = json.loads(out)
    assert answer["schema_version"] == "1.0" and answer["ok"] is False
    assert answer["findings"][0] == {
        "name": "numpy",
        "status": "ok",
        "says": "numpy 2",
        "remedy": None,
    }


def test_the_whole_doctor_runs_where_numpy_and_opencv_are_broken(tmp_path):
    for name in ("numpy", "cv2"):
        write(tmp_path / f"{name}.py", f"raise ImportError('{name} is broken')")
    program = "import sys; sys.argv[0] = 'fer-edge'; from fer_edge.cli.app import app; app()"
    done = subprocess.run(
        [sys.executable, "-c", program, "doctor", "--json"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    statuses = {line["name"]: line["status"] for line in json.loads(done.stdout)["findings"]}
    assert list(statuses) == [
        *("python", "numpy", "runtime", "model", "opencv", "haar", "yunet"),
        *("cameras", "throttling", "temperature", "memory", "processor", "digests"),
    ]
    assert {statuses[name] for name in ("numpy", "runtime", "opencv", "haar")} == {"problem"}


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("avx2 avx512f avx512_vnni", "core class x86-vnni: int8 models take about 0.4 times"),
        ("avx2", "core class x86-avx2: no int8 dot product"),
        ("sse4_1", "core class x86-sse: no int8 dot product"),
    ],
)
def test_the_processor_says_what_int8_is_worth(root, monkeypatch, flags, says):
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    write(root / "proc/cpuinfo", f"processor: 0\nflags\t: fpu {flags}\n\n")
    assert_finding(hardware.processor(root), "ok", says)


def test_a_processor_that_reports_nothing_is_unknown(root, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert_finding(hardware.processor(root), "ok", "core class unknown")


def test_a_model_that_is_not_the_published_one_is_a_problem(tmp_path):
    listed = tmp_path / "SHA256SUMS"
    assert_finding(software.digests(listed), "problem", "no such list", "install fer-edge again")
    models = [write(tmp_path / "nano" / name, name) for name in ("a.tflite", "b.tflite")]
    sha256sums.write(listed, models)
    assert_finding(software.digests(listed), "ok", "2 model files, as in SHA256SUMS")
    models[0].unlink()
    assert_finding(software.digests(listed), "ok", "1 model file, as")
    models[1].write_text("b.tflitf")
    assert_finding(software.digests(listed), "problem", "nano/b.tflite in", "install")
    models[1].unlink()
    assert_finding(software.digests(listed), "problem", "none of the files", "install")


def test_without_options_the_model_that_ships_is_tried(monkeypatch):
    models = []
    monkeypatch.setattr(doctor, "examine", lambda model, **_: models.append(model) or iter(()))
    monkeypatch.delenv("FER_EDGE_MODEL", raising=False)
    assert run()[0] == 0
    monkeypatch.setenv("FER_EDGE_MODEL", "zoo:nano")
    assert run()[0] == 0
    assert run("--model", "own.tflite")[0] == 0
    shipped, named, own = models
    assert shipped.is_file() and named.is_file() and "nano" in str(named)
    assert own == Path("own.tflite")
    assert run("--model", "zoo:nothing")[0] == 2
