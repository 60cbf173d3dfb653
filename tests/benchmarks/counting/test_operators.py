import sys

import pytest

from benchmarks.counting import operators
from benchmarks.counting.cores import CORES
from benchmarks.counting.count import InstructionCounter
from benchmarks.models import reference
from device.errors import InputError


@pytest.fixture(scope="module")
def rows(installed):
    return operators.count(installed, reference.PATH, CORES["cortex-a72"])


def test_operators_add_up_to_the_model(installed, rows):
    whole = InstructionCounter(installed).model(reference.PATH, CORES["cortex-a72"])
    assert sum(row.instructions for row in rows) == pytest.approx(whole["instructions"], rel=0.01)


def test_convolutions_are_most_of_it(rows):
    assert rows[0].name == "call"
    assert rows[0].instructions < 20_000
    convolutions = [row for row in rows if row.name == "CONV_2D"]
    assert sum(row.instructions for row in convolutions) > 0.5 * sum(r.instructions for r in rows)
    assert all(0.1 < row.instructions / row.multiply_adds < 10 for row in convolutions)


def test_the_table_names_operators_and_their_shares():
    rows = [
        operators.OperatorCount("call", (), 0, 100),
        operators.OperatorCount("CONV_2D", (24, 24, 16), 5000, 300),
    ]
    lines = operators.table(rows).splitlines()
    assert lines[2].split() == ["CONV_2D", "24x24x16", "5,000", "300", "75.0%"]
    assert lines[3].split() == ["all", "5,000", "400", "100%"]


def test_a_file_that_is_no_model_is_one_line(tmp_path, monkeypatch, capsys, installed):
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"no model")
    with pytest.raises(InputError):
        operators.count(installed, path, CORES["cortex-a72"])
    monkeypatch.setattr(sys, "argv", ["operators", str(path)])
    assert operators.main() == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
