import pytest

from benchmarks.remote.host import Host
from benchmarks.remote.requirements import missing_requirements

HOST = Host("lab", "pi")


def hello(**facts):
    known = {"python": "/usr/bin/python3", "version": "3.11.2", "machine": "aarch64"}
    return known | {"old": False, "missing": [], "managed": False} | facts


def test_a_fit_host_gets_no_word():
    assert missing_requirements(hello(), HOST) is None


def test_what_is_missing_is_named_with_the_command_that_mends_it():
    line = missing_requirements(hello(missing=["numpy", "runtime"]), HOST)
    assert line.startswith("pi@lab: /usr/bin/python3 there lacks numpy, ai-edge-litert: ")
    assert "`/usr/bin/python3 -m pip install 'numpy<3,>=1.26' 'ai-edge-litert<2.2,>=2.1.6'`" in line
    assert "\n" not in line


def test_where_the_system_refuses_pip_a_venv_is_proposed():
    line = missing_requirements(hello(missing=["opencv"], managed=True), HOST)
    assert "python3 -m venv ~/fer-edge" in line and "opencv-python-headless" in line
    assert "--remote-python '~/fer-edge/bin/python'" in line


@pytest.mark.parametrize(("part", "wanted"), [("runtime", "tflite-runtime"), ("numpy", "<2")])
def test_a_32_bit_board_gets_what_runs_there(part, wanted):
    assert wanted in missing_requirements(hello(missing=[part], machine="armv7l"), HOST)


def test_a_python_that_is_too_old_is_named():
    line = missing_requirements(hello(old=True, version="3.9.2", missing=["numpy"]), HOST)
    assert "Python 3.9.2, too old" in line and "--remote-python" in line
