"""CSV, read as a spreadsheet reads it."""

import csv

import pytest

from device.errors import InputError
from device.labels import FER2013, FERPLUS
from device.sinks.csv import CsvSink


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_row_a_face(make_result, tmp_path):
    with CsvSink(tmp_path / "out.csv", FER2013) as sink:
        sink.write(make_result(number=0, faces=0))
        sink.write(make_result(number=1, faces=2))
    first, second = rows(tmp_path / "out.csv")
    assert (first["frame"], first["position"], first["track"]) == ("1", "0.100", "4")
    assert (first["x"], first["y"], first["w"], first["h"]) == ("10", "8", "18", "20")
    assert (first["label"], first["confidence"], first["happy"]) == ("happy", "0.7000", "0.7000")
    assert second["label"] == "uncertain"
    assert tuple(first)[-7:] == FER2013


def test_names_with_commas_quotes_and_line_ends_stay_one_field(make_result, tmp_path):
    result = make_result()
    result.frame.name = 'a,b "c"\nd.png'
    with CsvSink(tmp_path / "out.csv", FER2013) as sink:
        sink.write(result)
    (row,) = rows(tmp_path / "out.csv")
    assert row["source"] == result.frame.name


def test_a_file_grows_under_the_same_header_alone(make_result, tmp_path):
    path = tmp_path / "out.csv"
    for number in range(2):
        with CsvSink(path, FER2013) as sink:
            sink.write(make_result(number=number))
    assert [row["frame"] for row in rows(path)] == ["0", "1"]
    before = path.read_bytes()
    with pytest.raises(InputError, match="rows of this model's labels"):
        CsvSink(path, FERPLUS)
    assert path.read_bytes() == before
