import pytest

from benchmarks.counting import native
from device.errors import CheckFailedError, InputError
from device.system import processor


def test_perf_is_read():
    text = "warm-up\n123456789;;instructions:u;1200000;100.00;;\n"
    assert native.parse_perf(text) == 123456789


@pytest.mark.parametrize("text", ["", "<not supported>;;instructions:u;0;100.00;;\n"])
def test_a_machine_without_a_counter_is_told_apart_from_a_difference(text):
    with pytest.raises(InputError, match="has no instruction counter"):
        native.parse_perf(text)


def test_two_percent_is_the_limit():
    assert "+1.00 %" in native.compare(1e6, 1.01e6)
    with pytest.raises(CheckFailedError, match=r"\+3\.00 %; the tolerance is 2 %"):
        native.compare(1e6, 1.03e6)


def test_the_host_is_emulated_with_its_own_cpuinfo(tmp_path):
    text = "processor: 0\nFeatures\t: asimd asimddp\n\n"
    core = native.host_core(text)
    core.write_system(tmp_path)
    assert (tmp_path / "proc/cpuinfo").read_text() == text
    assert processor.read(tmp_path / "proc/cpuinfo", "aarch64").core_class == "arm-dot"
