import os

import pytest

from benchmarks.gate import rules
from benchmarks.models import external_file
from benchmarks.results import file as results_file
from device.errors import InputError

READERS = {"json": results_file.load, "toml": rules.load, "peer.toml": external_file.load}
DEEP = {"json": "[" * 100_000, "toml": "a = " + "[" * 100_000}


@pytest.mark.parametrize("kind", READERS)
def test_deep_nesting_is_one_line(tmp_path, kind):
    path = tmp_path / f"file.{kind}"
    path.write_text(DEEP[kind.rpartition(".")[2]])
    refuse(kind, path, "nested too deeply")


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("number", ["9" * 400, "9" * 5000, "1e308", "-1e308", "1e999"])
def test_a_number_out_of_range_is_one_line(tmp_path, kind, number):
    path = tmp_path / f"file.{kind}"
    path.write_text(f'{{"a": [{number}]}}' if kind == "json" else f"mean = [{number}]")
    refuse(kind, path, "out of range|digits|give a number below")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("json", '{"a": NaN}'),
        ("json", '{"a": -Infinity}'),
        ("toml", "confidence = nan"),
        ("peer.toml", "std = inf"),
    ],
)
def test_what_is_no_finite_number_is_refused(tmp_path, kind, text):
    path = tmp_path / f"file.{kind}"
    path.write_text(text)
    refuse(kind, path, "out of range|give a number below")


@pytest.mark.parametrize("kind", READERS)
def test_a_file_that_never_ends_or_is_no_text_is_refused(tmp_path, kind):
    path = tmp_path / f"file.{kind}"
    path.write_bytes(b"\xff\xfe a = 1")
    refuse(kind, path, "UTF-8")
    fifo = tmp_path / f"fifo.{kind}"
    os.mkfifo(fifo)
    refuse(kind, fifo, "not a regular file")


def refuse(kind, path, message):
    with pytest.raises(InputError, match=message) as caught:
        READERS[kind](path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
