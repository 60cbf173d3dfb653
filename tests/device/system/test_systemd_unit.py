"""The systemd unit, and the watchdog notifications."""

import configparser
import os
import shutil
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from device.errors import InputError
from device.frame import Frame, Result
from device.labels import FER2013
from device.sinks.systemd_notify import SystemdSink
from device.system import systemd_install
from device.system.redact import holds_secret
from device.system.systemd_unit import Network, Service

CAMERA = ("serve", "/dev/video0", "--model", "/opt/fer/int8.tflite")

needs_mqtt = pytest.mark.skipif(find_spec("paho") is None, reason="the extra mqtt is not installed")


def make(*arguments, program="/bin/true", name="fer-edge", **needs):
    return Service(name=name, program=Path(program), arguments=arguments or CAMERA, **needs)


@pytest.fixture
def install(monkeypatch):
    """Run `fer-edge service install WORDS -- COMMAND`; returns the exit code and the output."""
    from typer.testing import CliRunner

    from fer_edge.cli import service
    from fer_edge.cli.app import app

    monkeypatch.setattr(service.sys, "executable", "/bin/true")
    monkeypatch.setattr(service.Path, "is_file", lambda _: True)

    def install(*command, words=("--dry-run",)):
        done = CliRunner().invoke(app, ["service", "install", *words, "--", *command])
        return done.exit_code, done.output

    return install


def settings(unit):
    """The [Service] section; the last value of settings that occur several times."""
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
        (("serve", "/dev/video0", "--host", "127.0.0.1"), None, "any"),
        (("serve", "/dev/video0", "--host", "0.0.0.0"), None, None),
        (("serve", "/dev/video0", "--host=0.0.0.0"), None, None),
        pytest.param(("run", "/dev/video0", "--mqtt", "mqtt://pi"), None, None, marks=needs_mqtt),
        (("run", "rtsp://door/1"), None, None),
        (("run", "--every", "2"), None, None),  # the source comes from the environment
    ],
)
def test_a_command_gets_no_more_network_than_it_names(install, arguments, network, addresses):
    code, text = install(*arguments)
    assert code == 0, text
    unit = settings(text)
    assert unit.get("PrivateNetwork") == network
    assert unit.get("IPAddressDeny") == addresses


def test_homes_are_closed_unless_something_needed_is_in_one(tmp_path):
    assert settings(make().unit())["ProtectHome"] == "yes"
    assert settings(make(program="/home/pi/bin/fer-edge").unit())["ProtectHome"] == "read-only"
    model = Path("/home/pi/m.tflite")
    assert settings(make(reads=(model,)).unit())["ProtectHome"] == "read-only"
    (tmp_path / "link").symlink_to(model)
    assert settings(make(reads=(tmp_path / "link",)).unit())["ProtectHome"] == "read-only"
    assert settings(make(writes=(Path("/home/pi/o"),)).unit())["ProtectHome"] == "read-only"


def test_files_get_their_whole_path(install, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("m.tflite", "a=b.tflite", "yunet.onnx"):
        (tmp_path / name).touch()
    words = ("--csv=new.csv", "--detector-model=yunet.onnx", "--detector", "yunet")
    code, text = install("run", "0", "--model", "m.tflite", *words)
    assert code == 0, text
    assert settings(text)["ExecStart"] == (
        f"/bin/fer-edge run 0 --model {tmp_path}/m.tflite --csv=new.csv "
        f"--detector-model={tmp_path}/yunet.onnx --detector yunet"
    )
    for words in (["--model=a=b.tflite", "0"], ["a=b.tflite", "0"], ["--model", "a=b.tflite", "0"]):
        code, text = install("run", *words)
        assert f"{tmp_path}/a=b.tflite" in settings(text)["ExecStart"]
        assert settings(text)["ExecStart"].count(str(tmp_path)) == 1
    code, text = install("run", "--model=/opt/x/a=b.tflite", "0")
    assert settings(text)["ExecStart"] == "/bin/fer-edge run --model=/opt/x/a=b.tflite 0"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ((), "there is no command: give run or serve"),
        (("bench", "zoo:base"), "bench cannot be a service"),
        (("run", "-"), "no stdin"),
        (("run", "0", "--model", "missing.tflite"), "missing.tflite: no such file"),
        (("run", "0", "--thredas", "2"), "No such option"),
        (("run", "0", "--threads", "0"), "--threads"),
    ],
)
def test_a_command_that_could_not_run_as_a_service_is_refused(install, command, message):
    code, text = install(*command)
    assert code == 2 and message in text


@pytest.mark.parametrize(
    ("command", "file"),
    [
        (("run", "rtsp://me:S3CRET@cam/1"), "FER_EDGE_SOURCE"),
        (("serve", "rtsp://cam/user=a&password=S3CRET"), "FER_EDGE_SOURCE"),
        pytest.param(
            ("run", "0", "--mqtt", "mqtt://me:S3CRET@pi"),
            "FER_EDGE_MQTT_PASSWORD",
            marks=needs_mqtt,
        ),
    ],
)
def test_a_unit_never_holds_a_secret(install, command, file):
    code, text = install(*command)
    assert code == 2 and file in text and "S3CRET" not in text


def test_folders_of_output_files_can_be_written(tmp_path):
    tmp_path.chmod(0o770)
    unit = settings(make("run", "0", writes=(tmp_path / "o.jsonl", tmp_path / "o.csv")).unit())
    assert unit["ReadWritePaths"] == f'"{tmp_path}"'
    assert unit["SupplementaryGroups"] == f"video {tmp_path.stat().st_gid}"
    state = Path("/var/lib/fer-edge/o.jsonl")
    assert "ReadWritePaths" not in settings(make("run", "0", writes=(state,)).unit())


def test_an_output_that_the_service_could_not_write_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(systemd_install, "_PRIVATE", ())
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o755)
    with pytest.raises(InputError, match="cannot be written by the service's own user"):
        systemd_install.install(make("run", "0", writes=(closed / "o.csv",)), tmp_path)
    with pytest.raises(InputError, match="is not a folder"):
        systemd_install.install(make("run", "0", writes=(tmp_path / "no" / "o",)), tmp_path)


def test_files_in_a_temporary_folder_are_refused(tmp_path):
    for needs in ({"writes": (Path("/tmp/o.csv"),)}, {"reads": (Path("/tmp/m.tflite"),)}):
        with pytest.raises(InputError, match="its own temporary folder"):
            systemd_install.install(make(**needs), tmp_path)


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [(make(name="../evil"), "--name"), (make("run", "0\nUser=root"), "a character")],
)
def test_what_cannot_stand_in_a_unit_is_refused(wanted, complaint):
    with pytest.raises(InputError, match=complaint):
        wanted.unit()


def test_removing_takes_our_unit_and_names_the_device_of_mqtt(tmp_path):
    from typer.testing import CliRunner

    from fer_edge.cli.app import app

    url = "mqtt://pi@ha.local/door"
    systemd_install.install(make("run", "0", "--mqtt", url, network=Network.any), tmp_path)
    words = ["service", "remove", "--from", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0 and f"fer-edge mqtt clear {url}" in done.output
    assert list(tmp_path.iterdir()) == []
    assert CliRunner().invoke(app, words).exit_code == 2


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
    assert systemd_install.verify(make(*arguments).unit(), "fer-edge") == ""


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
        systemd_install.install(make(program="/no/such/program"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_installing_again_replaces_our_unit_alone(tmp_path):
    path = systemd_install.install(make(), tmp_path)
    systemd_install.install(make("run", "0"), tmp_path)
    assert "ExecStart=/bin/true run 0\n" in path.read_text()
    path.write_text("[Unit]\nDescription=somebody else's\n")
    with pytest.raises(InputError, match="was not written by fer-edge"):
        systemd_install.install(make(), tmp_path)
    assert "somebody else" in path.read_text()


def test_a_model_that_the_service_could_not_read_is_named(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "m.tflite").touch()
    tmp_path.chmod(0o700)
    monkeypatch.setattr(systemd_install, "_PRIVATE", ())
    with pytest.raises(InputError, match="is not readable for other users"):
        systemd_install.install(make(reads=(closed / "m.tflite",)), tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        systemd_install.install(make(reads=(closed / "n.tflite",)), tmp_path)


@pytest.mark.parametrize(
    ("first", "more"),
    [("#!/opt/venv/bin/python -I\n", ["/opt/venv/bin/python"]), ("#!\n", []), ("\x7fELF", [])],
)
def test_the_interpreter_of_a_script_has_to_be_readable_too(tmp_path, first, more):
    program = tmp_path / "fer-edge"
    program.write_text(first)
    assert make(program=program).program_files() == [program, *map(Path, more)]
    assert make(program=tmp_path / "none").program_files() == [tmp_path / "none"]


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
    assert nothing.exit_code == 2 and "give run or serve" in nothing.stderr


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_arguments_reach_the_program_as_they_are(argument):
    """Undo the quoting of systemd.syntax(7) and systemd.service(5) for quotes, % and $."""
    assume(not holds_secret("x" + argument))
    line = settings(make("run", "x" + argument).unit())["ExecStart"]
    word = line.removeprefix("/bin/true run ").replace("$$", "$").replace("%%", "%")
    if word.startswith('"'):
        word = word[1:-1].replace(r"\"", '"').replace(r"\\", "\\")
    assert word == "x" + argument


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path):
    """A receiver of notifications: yields the environment and a function that reads them."""
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
    sink.close()


def test_outside_of_systemd_nothing_happens():
    sink = SystemdSink({})
    sink.write(result())
    sink.close()
