"""`fer-edge data`: command lines, and the files that they write."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_edge.cli.app import app
from fer_edge.data.dataset import load

from .conftest import USAGES, faces, row


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(app, ["data", *map(str, arguments)])


def test_prepare_writes_the_file_and_shows_the_counts(run, small_csv, tmp_path):
    out = tmp_path / "new" / "faces.npz"
    result = run("prepare", small_csv, "--out", out)
    assert result.exit_code == 0
    assert "surprise" in result.stdout
    assert "9 images" in result.stdout
    assert len(load(out)) == 9


def test_prepare_as_json(run, small_csv, tmp_path):
    out = tmp_path / "faces.npz"
    figures = json.loads(run("prepare", small_csv, "--out", out, "--json").stdout)
    assert figures["digest"] == load(out).digest
    assert figures["counts"]["val"]["happy"] == 1
    assert figures["provenance"]["source"] == "fer2013.csv"


def test_a_broken_row_ends_with_one_line_exit_2_and_no_file(run, write_csv, tmp_path):
    source = write_csv([row(faces(1)[0]), "3,1 2 3,Training"])
    result = run("prepare", source, "--out", tmp_path / "faces.npz")
    assert result.exit_code == 2
    assert result.stderr.startswith("fer-edge: fer2013.csv:3: 3 pixels, not 2304")
    assert result.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["fer2013.csv"]


def test_an_interrupted_prepare_leaves_nothing(run, small_csv, tmp_path, monkeypatch):
    def interrupted(handle, **_):
        handle.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    result = run("prepare", small_csv, "--out", tmp_path / "faces.npz")
    assert result.exit_code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["fer2013.csv"]


def test_skip_bad_says_what_it_left_out(run, write_csv, tmp_path):
    rows = [row(image, 3, usage) for image, usage in zip(faces(3), USAGES, strict=True)]
    rows.append(row(faces(4)[3], 4, "Training"))
    source = write_csv(["3,1 2 3,Training", *rows])
    result = run("prepare", source, "--out", tmp_path / "faces.npz", "--skip-bad")
    assert result.exit_code == 0
    assert "left out: fer2013.csv:2: 3 pixels" in result.stdout
    assert "1 invalid rows or images left out" in result.stdout
    assert load(tmp_path / "faces.npz").provenance["left_out"]["count"] == 1


def test_an_existing_file_is_kept_unless_forced(run, small_csv, tmp_path):
    out = tmp_path / "faces.npz"
    out.write_text("mine")
    result = run("prepare", small_csv, "--out", out)
    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert out.read_text() == "mine"
    assert run("prepare", small_csv, "--out", out, "--force").exit_code == 0
    assert len(load(out)) == 9


def test_audit_shows_figures_and_writes_the_leaked_rows(run, write_csv, tmp_path):
    one, two, three = faces(3)
    pictures = [
        (one, "Training"),
        (two, "PublicTest"),
        (one, "PrivateTest"),
        (three, "PrivateTest"),
    ]
    rows = [row(image, 3, usage) for image, usage in pictures]
    source = write_csv([*rows, row(faces(4)[3], 4, "Training")])
    data = tmp_path / "faces.npz"
    run("prepare", source, "--out", data)
    result = run("audit", data)
    assert result.exit_code == 0
    assert "1 test and 0 val images also occur in train" in result.stdout
    assert (tmp_path / "faces.audit/leaked.png").exists()
    assert "fer2013.csv:4" in (tmp_path / "faces.leaked.csv").read_text()

    figures = json.loads(run("audit", data, "--out", tmp_path / "other", "--json").stdout)
    assert figures["leaked"]["test"] == 1
    assert str(tmp_path / "other/counts.png") in figures["files"]


def test_audit_of_something_else_is_refused(run, small_csv):
    result = run("audit", small_csv)
    assert result.exit_code == 2
    assert "not a data file" in result.stderr


def test_synth_draws_a_set_and_a_contact_sheet(run, tmp_path):
    out, sheet = tmp_path / "faces.npz", tmp_path / "sheet.png"
    arguments = ("synth", "--per-class", 4, "--out", out, "--sheet", sheet)
    result = run(*arguments)
    assert result.exit_code == 0
    assert load(out).synthetic
    assert sheet.exists()
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize("command", ["prepare", "audit", "synth"])
def test_help_has_an_example(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: fer-edge data {command}" in result.stdout
