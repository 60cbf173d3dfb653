import json
import subprocess

import pytest

from benchmarks.counting import debian, install, kit
from device.errors import InputError


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "fer-edge/arm"


def test_a_missing_kit_is_one_line_that_says_what_to_do():
    with pytest.raises(InputError, match="run `fer-edge fetch arm`"):
        kit.find()
    assert not kit.is_installed()


def test_a_kit_of_another_version_is_refused(data):
    data.mkdir(parents=True)
    (data / kit.MANIFEST).write_text(json.dumps({"recipe": "0", "packages": {}, "wheels": {}}))
    with pytest.raises(InputError, match="another version of fer-edge"):
        kit.find()


@pytest.mark.parametrize(("system", "machine"), [("Darwin", "arm64"), ("Linux", "riscv64")])
def test_a_machine_that_cannot_emulate_is_told_so(monkeypatch, system, machine):
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    with pytest.raises(InputError, match=f"not {system} on {machine}"):
        install.install()


def test_a_system_without_apt_is_told_so(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda program: None)
    with pytest.raises(InputError, match="apt-get is not installed"):
        install.install()


@pytest.fixture
def apt(monkeypatch):
    """Respond to calls of apt-get and record them."""
    calls = []

    def answer(stdout="", stderr="", code=0):
        def run(command, **_):
            calls.append(command)
            return subprocess.CompletedProcess(command, code, stdout, stderr)

        monkeypatch.setattr(debian.subprocess, "run", run)
        monkeypatch.setattr("shutil.which", lambda program: program)
        return calls

    return answer


def test_the_configured_debian_archive_is_found(apt):
    apt(
        "http://vendor.example/|bookworm|extra|Vendor\n"
        "http://mirror.example/debian-security/|bookworm-security|main|Debian\n"
        "http://mirror.example/debian/|trixie|main|Debian\n"
    )
    assert debian.find_mirror() == "http://mirror.example/debian/"


def test_apt_with_other_archives_alone_asks_for_one(apt):
    apt("http://mirror.example/ubuntu/|noble|main|Ubuntu\n")
    with pytest.raises(InputError, match="specify one with --url"):
        debian.find_mirror()


def test_a_package_that_cannot_be_fetched_is_told_with_apts_own_reason(apt, tmp_path, monkeypatch):
    apt(stderr="W: slow\nE: Unable to locate package nothing\n", code=100)
    monkeypatch.setattr(debian, "find_keyring", lambda: tmp_path)
    with pytest.raises(InputError, match="apt-get update fails: Unable to locate package"):
        debian.download(["nothing"], "arm64", tmp_path / "work", "http://mirror.example/")


def test_a_failed_installation_leaves_the_kit_that_was_there(data, monkeypatch):
    data.mkdir(parents=True)
    (data / kit.MANIFEST).write_text("{}")

    def fail(*_):
        raise InputError("no network")

    monkeypatch.setattr(debian, "download", fail)
    with pytest.raises(InputError, match="no network"):
        install.install(mirror="http://mirror.example/")
    assert [path.name for path in data.parent.iterdir()] == ["arm"]
    assert (data / kit.MANIFEST).read_text() == "{}"


def test_the_wheels_are_pinned_by_digest():
    lines = kit.REQUIREMENTS.read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) == 3
    assert all("==" in pin and "--hash=sha256:" in pin for pin in pins)
