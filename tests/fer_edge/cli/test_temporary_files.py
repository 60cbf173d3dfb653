"""A command leaves no temporary files, however it ends."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from device.errors import InputError
from fer_edge import zoo
from fer_edge.cli.app import app


@pytest.mark.parametrize(
    ("error", "code"), [(None, 0), (InputError("wrong"), 2), (KeyboardInterrupt(), 130)]
)
def test_a_command_leaves_no_temporary_files(
    error: BaseException | None, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def list_models() -> list[Any]:
        made.append(tempfile.mkstemp(prefix="__autograph_generated_file", suffix=".py")[1])
        if error:
            raise error
        return []

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(zoo, "list_models", list_models)
    assert CliRunner().invoke(app, ["zoo", "--json"]).exit_code == code
    assert made
    assert list(tmp_path.iterdir()) == []
