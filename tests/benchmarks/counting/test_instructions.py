import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.counting.instructions import UNDEFINED, Disassembler, Kind, classify
from device.errors import CheckFailedError


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("sdot v16.4s, v2.16b, v0.4b[0]", Kind.dot_product),
        ("smmla v0.4s, v1.16b, v2.16b", Kind.dot_product),
        ("smull v16.8h, v5.8b, v4.8b", Kind.integer_multiply),
        ("smlal2 v16.4s, v5.8h, v4.h[1]", Kind.integer_multiply),
        ("sqrdmulh v0.4s, v0.4s, v1.4s", Kind.integer_multiply),
        ("mul x0, x1, x2", Kind.other),
        ("smull x0, w1, w2", Kind.other),
        ("fmla v0.4s, v1.4s, v2.s[0]", Kind.float_multiply),
        ("fmadd s0, s1, s2, s3", Kind.float_multiply),
        ("ldp q0, q1, [x0], #32", Kind.load),
        ("ld1r { v0.4s }, [x1]", Kind.load),
        ("stp x29, x30, [sp, #-16]!", Kind.store),
        ("st1 { v0.16b }, [x1]", Kind.store),
        ("prfm pldl1keep, [x5, #448]", Kind.other),
        ("b.hs #-132", Kind.other),
        ("fadd v0.4s, v1.4s, v2.4s", Kind.other),
        (UNDEFINED, Kind.other),
    ],
)
def test_instructions_are_told_apart(text, kind):
    assert classify(text) is kind


@given(st.text())
def test_any_text_has_a_kind(text):
    assert classify(text) in Kind


def test_a_disassembler_that_fails_is_named():
    with pytest.raises(CheckFailedError, match="false failed: exit code 1"):
        Disassembler(["false"])([1, 2])


def test_words_become_text_and_unknown_ones_do_not_shift_the_others(installed):
    found = Disassembler(installed.llvm_mc)([0xD65F03C0, 0x00000000, 0x6F80E040])
    assert found[0xD65F03C0] == "ret"
    assert found[0x00000000].startswith("udf")
    assert classify(found[0x6F80E040]) is Kind.dot_product
