import pytest

from benchmarks.counting import cores
from device.errors import InputError
from device.system import processor


@pytest.mark.parametrize(
    ("name", "core_class"),
    [("cortex-a53", "arm-nodot"), ("cortex-a72", "arm-nodot"), ("cortex-a76", "arm-dot")],
)
def test_a_core_is_what_its_cpuinfo_says(tmp_path, name, core_class):
    core = cores.CORES[name]
    core.write_system(tmp_path)
    found = processor.read(tmp_path / "proc/cpuinfo", "aarch64")
    assert (found.microarchitecture, found.core_class) == (name, core_class)
    assert core.core_class == core_class


def test_cores_are_given_once_and_in_order():
    assert [c.name for c in cores.parse("cortex-a76, cortex-a53,cortex-a76")] == [
        "cortex-a76",
        "cortex-a53",
    ]


@pytest.mark.parametrize("text", ["", "cortex-a99", "cortex-a53;cortex-a72", "cortex-a53,"])
def test_an_unknown_core_is_refused_with_the_known_ones(text):
    with pytest.raises(InputError, match="is not supported: use cortex-a53, cortex-a72"):
        cores.parse(text)
