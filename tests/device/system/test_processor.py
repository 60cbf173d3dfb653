import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.system import processor
from device.system.processor import DOT_PRODUCT, UNKNOWN, Processor

EPYC = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: {model}
model name\t: AMD EPYC
flags\t\t: fpu sse4_1 avx avx2 fma {more}

"""
PI = """processor\t: 0
Features\t: fp asimd evtstrm {more}
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: {part}

"""
BOARD = "Hardware\t: BCM2835\nModel\t\t: Raspberry Pi\n"


@pytest.mark.parametrize(
    ("text", "architecture", "core_class", "microarchitecture"),
    [
        (EPYC.format(model=17, more="avx512f avx512_vnni"), "x86_64", "x86-vnni", "zen4"),
        (EPYC.format(model=1, more=""), "x86_64", "x86-avx2", "zen3"),
        (EPYC.format(model=1, more="avx_vnni"), "AMD64", "x86-avx-vnni", "zen3"),
        (PI.format(part="0xd03", more="crc32") * 4 + BOARD, "aarch64", "arm-nodot", "cortex-a53"),
        (PI.format(part="0xd08", more="crc32") * 4 + BOARD, "aarch64", "arm-nodot", "cortex-a72"),
        (PI.format(part="0xd0b", more="asimddp") * 4, "aarch64", "arm-dot", "cortex-a76"),
        (PI.format(part="0xd49", more="asimddp i8mm sve"), "aarch64", "arm-i8mm", "neoverse-n2"),
        (PI.format(part="0xfff", more="asimddp"), "aarch64", "arm-dot", None),
        ("", "riscv64", UNKNOWN, None),
        ("", "x86_64", UNKNOWN, None),
    ],
)
def test_the_class_follows_the_instruction_sets(text, architecture, core_class, microarchitecture):
    found = processor.parse(text, architecture)
    assert (found.core_class, found.microarchitecture) == (core_class, microarchitecture)


def test_two_processors_of_one_model_name_are_told_apart():
    old, new = (EPYC.format(model=1, more=more) for more in ("", "avx512f avx512_vnni"))
    assert processor.parse(old, "x86_64").has_dot_product is False
    assert processor.parse(new, "x86_64").has_dot_product is True


def test_an_instruction_set_counts_where_every_core_has_it():
    text = PI.format(part="0xd0b", more="asimddp") + PI.format(part="0xd08", more="")
    found = processor.parse(text, "aarch64")
    assert found == Processor(("asimd",), "cortex-a76+cortex-a72", "arm-nodot")


def test_hwcap_names_what_cpuinfo_would():
    assert processor.hwcap_names(1 << 1 | 1 << 20, 1 << 13) == {"asimd", "asimddp", "i8mm"}
    assert processor.hwcap_names(0, 0) == set()


@given(st.text(), st.sampled_from(["x86_64", "aarch64", "armv7l", "riscv64", ""]))
def test_any_text_gives_a_processor(text, architecture):
    found = processor.parse(text, architecture)
    assert found.has_dot_product is None or found.instruction_sets is not None
    assert (found.core_class in DOT_PRODUCT) == bool(found.has_dot_product)


@given(st.sets(st.sampled_from(["asimd", "asimddp", "i8mm", "sve"])))
def test_more_instruction_sets_never_lose_the_dot_product(sets):
    base = processor.core_class("arm", sets)
    assert base not in DOT_PRODUCT or processor.core_class("arm", {*sets, "i8mm"}) in DOT_PRODUCT


def test_a_missing_file_is_no_error(tmp_path):
    assert processor.read(tmp_path / "none", "x86_64").core_class == UNKNOWN


def test_this_machine_has_a_class():
    assert processor.read().core_class != UNKNOWN
