import subprocess

import pytest

from benchmarks.counting.cores import CORES
from benchmarks.counting.count import InstructionCounter, upstream
from benchmarks.models import reference
from device.errors import CheckFailedError


@pytest.fixture(scope="module")
def counter(installed):
    return InstructionCounter(installed)


def test_kernels_with_a_dot_product_run_where_the_core_has_it(counter):
    old, new = (counter.model(reference.PATH, CORES[name]) for name in ("cortex-a72", "cortex-a76"))
    assert old["by_kind"]["dot_product"] == 0
    assert old["by_kind"]["integer_multiply"] > 500_000
    assert new["by_kind"]["dot_product"] > 300_000
    assert new["instructions"] < 0.6 * old["instructions"]
    assert (old["core_class"], new["core_class"]) == ("arm-nodot", "arm-dot")
    for count in (old, new):
        assert count["instructions"] == sum(count["by_kind"].values())
        assert 100_000 < count["working_set_bytes"] < 1_000_000
        low, high = (count["estimate"][f"cycles_{end}"] for end in ("low", "high"))
        assert count["instructions"] / 8 < low <= high < count["instructions"]
        assert count["estimate"]["kind"] == "estimated"


def test_a_second_count_is_the_same_to_the_digit(counter):
    first, second = (counter.model(reference.PATH, CORES["cortex-a53"]) for _ in range(2))
    assert first["instructions"] == pytest.approx(second["instructions"], rel=1e-5)
    # A container may forbid to fix addresses, and then the last digits differ.
    if not subprocess.run(["setarch", "-R", "true"], capture_output=True).returncode:
        assert first == second


def test_a_file_that_is_no_model_is_one_line(counter, tmp_path):
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"no model")
    with pytest.raises(CheckFailedError, match="the program on cortex-a72 failed"):
        counter.model(path, CORES["cortex-a72"])


def test_the_version_of_a_package_names_its_program():
    assert upstream("1:7.2+dfsg-7+deb12u18") == "7.2"
    assert upstream("2.1.6") == "2.1.6"
