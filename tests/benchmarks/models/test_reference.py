import hashlib
import platform

import numpy as np
import pytest

from benchmarks.metrics import size
from benchmarks.models import reference


def test_the_reference_workload_is_the_one_that_its_digest_names():
    content = reference.PATH.read_bytes()
    assert hashlib.sha256(content).hexdigest() == reference.SHA256
    assert len(content) < 150_000


def test_the_reference_workload_is_int8_convolutions_that_xnnpack_takes():
    assert size.precision(reference.PATH) == "int8"
    assert size.measure(reference.PATH)["multiply_adds"] == pytest.approx(9.8e6, rel=0.01)
    net = reference.load()
    assert net.delegated
    answers = [net(np.full((48, 48), gray, np.uint8)).copy() for gray in (0, 128, 255)]
    assert not np.array_equal(answers[0], answers[1])
    assert np.sum(answers, axis=1) == pytest.approx(np.ones(3), abs=0.02)


@pytest.mark.slow
def test_the_script_makes_the_file_that_is_shipped():
    tensorflow = pytest.importorskip("tensorflow")
    if not tensorflow.__version__.startswith("2.21.") or platform.machine() != "x86_64":
        pytest.skip("made with TensorFlow 2.21 on x86-64")
    from benchmarks.models import reference_generate

    assert reference_generate.content() == reference.PATH.read_bytes()
