"""The 3D convolution that docs/temporal.md compares with."""

import json
from pathlib import Path

import pytest
import typer

from fer_edge.data import synthetic

from .conftest import TinyRun

pytestmark = pytest.mark.slow


def test_the_comparison_has_the_convolution_beside_the_other_methods(
    tiny_run: TinyRun, faces: Path, tmp_path: Path
) -> None:
    from fer_edge.release.figures import temporal_convolution

    out = tmp_path / "temporal.json"
    temporal_convolution.main(faces, "zoo:nano", tiny_run.out, epochs=1, out=out)
    figures = json.loads(out.read_text())
    assert set(figures["methods"]) == {"none", "default", "smoothing", "head", "convolution_3d"}
    assert figures["methods"]["convolution_3d"]["accuracy"]["n"] == 4 * 12
    for name in ("none", "smoothing", "head"):
        found = figures["methods"][name]["accuracy"]
        assert found == tiny_run.card["metrics"]["methods"][name]["accuracy"]
    low, high = figures["convolution_3d_minus_smoothing"]["top1"]["ci95"]
    assert low <= figures["convolution_3d_minus_smoothing"]["top1"]["mean"] <= high
    assert figures["convolution_3d"]["float32_bytes"] > 4 * 27 * (16 + 16 * 32 + 32 * 64 + 64 * 96)


def test_multiply_adds_are_counted_by_layer() -> None:
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    from fer_edge.release.figures import temporal_convolution as convolution

    layers = (
        16 * 24 * 24 * 27 * 1 * 16,
        8 * 12 * 12 * 27 * 16 * 32,
        4 * 6 * 6 * 27 * 32 * 64,
        2 * 3 * 3 * 27 * 64 * 96,
    )
    assert convolution.multiply_adds(convolution.build(7)) == sum(layers) + 96 * 7


def test_other_faces_than_those_of_the_run_are_refused(
    tiny_run: TinyRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from fer_edge.release.figures import temporal_convolution

    other = tmp_path / "other.npz"
    synthetic.generate(12, seed=9).save(other)
    with pytest.raises(typer.Exit) as stopped:
        temporal_convolution.main(other, "zoo:nano", tiny_run.out, epochs=1, out=tmp_path / "a")
    assert stopped.value.exit_code == 2
    assert "is not the data of" in capsys.readouterr().err
