"""The systemd unit, and the signs of life that systemd waits for."""

import configparser
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from device.frame import Frame, Result
from device.labels import FER2013
from device.sinks.systemd_notify import SystemdSink
from device.system import systemd_unit
from device.system.systemd_unit import Service

CAMERA = ("serve", "/dev/video0", "--model", "/opt/fer/int8.tflite")


def make(*arguments, program="/bin/true", name="fer-edge"):
    return Service(name, Path(program), arguments or CAMERA)


def settings(unit):
    """The [Service] section; of settings that stand several times, the last."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read_string(unit)
    return dict(parser["Service"])


def test_the_service_has_its_own_user_restarts_and_is_watched():
    unit = settings(make().unit())
    assert unit["ExecStart"] == "/bin/true serve /dev/video0 --model /opt/fer/int8.tflite"
    assert unit["User"] == "fer-edge" and unit["DynamicUser"] == "yes"
    assert unit["Restart"] == "always" and int(unit["WatchdogSec"]) > 0
    assert unit["Type"] == "notify"
    assert unit["NoNewPrivileges"] == "yes" and unit["CapabilityBoundingSet"] == ""
    assert "StartLimitIntervalSec=0" in make().unit()  # never gives up


@pytest.mark.parametrize(
    ("arguments", "network", "addresses"),
    [
        (("run", "/dev/video0"), "yes", "any"),
        (("serve", "/dev/video0"), None, "any"),
        (("serve", "/dev/video0", "--host", "0.0.0.0"), None, None),
        (("serve", "/dev/video0", "--host=0.0.0.0"), None, None),
        (("run", "/dev/video0", "--mqtt", "mqtt://pi"), None, None),
        (("run", "rtsp://door/1"), None, None),
    ],
)
def test_a_command_gets_no_more_network_than_it_names(arguments, network, addresses):
    unit = settings(make(*arguments).unit())
    assert unit.get("PrivateNetwork") == network
    assert unit.get("IPAddressDeny") == addresses


def test_homes_are_closed_unless_something_needed_is_in_one():
    assert settings(make().unit())["ProtectHome"] == "yes"
    assert settings(make(program="/home/pi/bin/fer-edge").unit())["ProtectHome"] == "read-only"


def test_files_get_their_whole_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.tflite").touch()
    unit = settings(make("run", "0", "--model", "m.tflite", "--csv=new.csv").unit())
    assert unit["ExecStart"] == f"/bin/true run 0 --model {tmp_path}/m.tflite --csv=new.csv"
    unit = settings(make("run", "0", "--model=m.tflite").unit())
    assert unit["ExecStart"] == f"/bin/true run 0 --model={tmp_path}/m.tflite"


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        (Service("fer-edge", Path("/bin/true"), ()), "say what the service runs"),
        (make("predict", "x"), "say what the service runs"),
        (make(name="../evil"), "--name"),
        (make("run", "0\nUser=root"), "a character"),
    ],
)
def test_what_is_no_service_is_refused(wanted, complaint):
    with pytest.raises(InputError, match=complaint):
        wanted.unit()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
@pytest.mark.parametrize(
    "arguments",
    [
        CAMERA,
        ("run", "/dev/video0", "--csv", "with a space.csv", "--jsonl", '100%"$HOME"\\.jsonl'),
        ("run", "rtsp://door/1", "--mqtt", "mqtt://pi"),
    ],
)
def test_systemd_accepts_the_unit(arguments):
    assert systemd_unit.verify(make(*arguments).unit(), "fer-edge") == ""


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_finds_the_unit_well_protected(tmp_path):
    path = tmp_path / "fer-edge.service"
    path.write_text(make().unit())
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze does not look at files")
    assert done.returncode == 0, done.stdout[-300:]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_a_fault_that_systemd_finds_is_told(tmp_path):
    with pytest.raises(InputError, match="does not accept"):
        systemd_unit.install(make(program="/no/such/program"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_installing_again_replaces_our_unit_alone(tmp_path):
    path = systemd_unit.install(make(), tmp_path)
    systemd_unit.install(make("run", "0"), tmp_path)
    assert "ExecStart=/bin/true run 0\n" in path.read_text()
    path.write_text("[Unit]\nDescription=somebody else's\n")
    with pytest.raises(InputError, match="not of fer-edge's making"):
        systemd_unit.install(make(), tmp_path)
    assert "somebody else" in path.read_text()


def test_a_model_that_the_service_could_not_read_is_named(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "m.tflite").touch()
    tmp_path.chmod(0o700)
    with pytest.raises(InputError, match="is closed to other users"):
        systemd_unit.install(make("run", "0", "--model", str(closed / "m.tflite")), tmp_path)


@pytest.mark.parametrize(
    ("first", "more"),
    [("#!/opt/venv/bin/python -I\n", ["/opt/venv/bin/python"]), ("#!\n", []), ("\x7fELF", [])],
)
def test_the_interpreter_of_a_script_has_to_be_readable_too(tmp_path, first, more):
    program = tmp_path / "fer-edge"
    program.write_text(first)
    assert systemd_unit._program_files(program) == [program, *map(Path, more)]
    assert systemd_unit._program_files(tmp_path / "none") == [tmp_path / "none"]


def test_the_command_prints_or_writes_the_unit(tmp_path):
    from typer.testing import CliRunner

    from fer_edge.cli.app import app

    if not (Path(sys.executable).parent / "fer-edge").is_file():
        pytest.skip("fer-edge is not installed as a program")
    words = ["service", "install", "--dry-run", "--to", str(tmp_path), "--", *CAMERA]
    printed = CliRunner().invoke(app, words)
    assert printed.exit_code == 0 and "ExecStart=" in printed.stdout
    assert list(tmp_path.iterdir()) == []
    nothing = CliRunner().invoke(app, ["service", "install", "--to", str(tmp_path)])
    assert nothing.exit_code == 2 and "say what the service runs" in nothing.stderr


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_arguments_reach_the_program_as_they_are(argument):
    """Undo what systemd.syntax(7) and systemd.service(5) say about quotes, % and $."""
    line = settings(make("run", "x" + argument).unit())["ExecStart"]
    word = line.removeprefix("/bin/true run ").replace("$$", "$").replace("%%", "%")
    if word.startswith('"'):
        word = word[1:-1].replace(r"\"", '"').replace(r"\\", "\\")
    assert word == "x" + argument


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path):
    """What listens to signs of life: gives the environment and a function that reads them."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@fer-{os.getpid()}"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.setblocking(False)
    listener.bind(address.replace("@", "\0"))

    def heard():
        messages = []
        try:
            while True:
                messages.append(listener.recv(100).decode())
        except BlockingIOError:
            return messages

    with listener:
        yield address, heard


def result():
    return Result(Frame(np.zeros((2, 2), np.uint8), 0, 0.0, "camera"), [], FER2013)


def test_systemd_hears_of_readiness_life_and_end(systemd):
    address, heard = systemd
    sink = SystemdSink({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1"})
    assert heard() == []
    sink.write(result())
    assert heard() == ["READY=1", "WATCHDOG=1"]
    sink.write(result())
    assert heard() == ["WATCHDOG=1"]
    sink.close()
    assert heard() == ["STOPPING=1"]


def test_signs_of_life_are_not_sent_with_every_frame(systemd):
    address, heard = systemd
    sink = SystemdSink({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(3600 * 10**6)})
    for _ in range(100):
        sink.write(result())
    assert heard() == ["READY=1", "WATCHDOG=1"]


def test_outside_of_systemd_nothing_happens():
    sink = SystemdSink({})
    sink.write(result())
    sink.close()
