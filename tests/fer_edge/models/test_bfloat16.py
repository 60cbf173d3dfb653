from pathlib import Path

import pytest

from fer_edge.models import bfloat16


@pytest.mark.parametrize(
    ("flags", "native"), [("avx2 avx512_bf16", True), ("asimddp bf16", True), ("avx2", False)]
)
def test_auto_is_on_where_the_processor_computes_it(
    flags: str,
    native: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "cpuinfo").write_text(f"flags : {flags}\n")
    monkeypatch.setattr(bfloat16, "CPU_INFO", tmp_path / "cpuinfo")
    with caplog.at_level("INFO"):
        assert bfloat16.enabled("auto", "train.bfloat16") is native
    assert f"train.bfloat16: {'on' if native else 'off'}" in caplog.text


def test_a_machine_that_does_not_say_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bfloat16, "CPU_INFO", tmp_path / "none")
    assert not bfloat16.enabled("auto", "train.bfloat16")
    assert bfloat16.enabled(True, "train.bfloat16")
