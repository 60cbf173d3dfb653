import numpy as np
import pytest

from benchmarks.probes import peak_throughput, raw_model
from device.model import graph


@pytest.fixture(scope="module")
def schema():
    return raw_model.schema() or pytest.skip("the runtime ships no schema")


def test_the_peak_is_that_of_the_runtime_of_the_models(schema):
    block = peak_throughput.measure(calls=3)
    assert block["kind"] == "measured"
    assert block["multiply_adds_per_second"] > 1e7
    assert "512x512" in block["how"] and "with XNNPACK" in block["how"]


def test_the_yardstick_multiplies_matrices(schema, tmp_path):
    side = 16
    content = peak_throughput.product(schema, side)
    parsed = graph.parse(content, tmp_path / "product.tflite")
    assert parsed.multiply_adds == side**3
    weights = np.frombuffer(parsed.tensors[1].values, np.int8).reshape(side, side).astype(int)

    interpreter = raw_model.load(content)
    left = np.random.default_rng(1).integers(-128, 128, (side, side), np.int8)
    interpreter.set_tensor(0, left)
    interpreter.invoke()
    expected = (left.astype(int) @ weights.T) / 128**2
    assert np.abs(expected).max() > 2  # else any output would do
    np.testing.assert_allclose(interpreter.get_tensor(2), expected, atol=0.51)


def test_without_a_schema_there_is_no_peak(monkeypatch):
    monkeypatch.setattr(raw_model, "schema", lambda: None)
    assert peak_throughput.measure() is None


def test_throughput_is_set_against_the_peak():
    block = peak_throughput.throughput(20_000_000, 200.0, {"multiply_adds_per_second": 4e11})
    assert block == {
        "kind": "derived",
        "multiply_adds_per_second": pytest.approx(1e11),
        "share_of_peak": pytest.approx(0.25),
    }
    assert peak_throughput.throughput(20_000_000, 200.0, None)["share_of_peak"] is None
    assert peak_throughput.throughput(0, 200.0, None) is None
