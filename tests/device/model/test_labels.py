"""The labels in a model file: shown as written, and refused if they are invalid."""

import io
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from device.labels import printable
from device.model.content import MAX_LABEL_FILE, read_labels

PATH = Path("model.tflite")


def archive(content, name="labels.txt", method=zipfile.ZIP_STORED):
    buffer = io.BytesIO(b"model" * 100)
    with zipfile.ZipFile(buffer, "a", method) as target:
        target.writestr(name, content)
    return buffer.getvalue()


def labels(text):
    return read_labels(archive(text.encode()), PATH)


@pytest.mark.parametrize("name", ["content", "unhappy", "Straße", "[neutral]", "très x", "怒"])
def test_any_name_is_read_as_written(name):
    assert labels(f"{name}\nother\n") == (name, "other")


def test_a_byte_order_mark_and_line_ends_of_windows_are_no_part_of_a_label():
    assert labels("\ufeffangry\r\nhappy\r\n") == ("angry", "happy")


def test_composed_and_decomposed_letters_are_one_name():
    decomposed = unicodedata.normalize("NFD", "gêné")
    assert labels(f"{decomposed}\nx") == ("gêné", "x")
    with pytest.raises(InputError, match="two classes are called gêné"):
        labels(f"{decomposed}\ngêné")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "lists no class"),
        ("a\nb\na", "two classes are called a"),
        ("\n".join(map(str, range(1001))), "lists 1,001 classes: at most 1000"),
        ("a\n" + "x" * 201, "has 201 characters"),
        ("\n" * (MAX_LABEL_FILE + 1), r"more than 1,048,576 bytes"),
    ],
)
def test_labels_that_are_none_are_refused(text, error):
    with pytest.raises(InputError, match=error):
        labels(text)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(InputError, match="not UTF-8"):
        read_labels(archive(b"\xff\xfe\x00"), PATH)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_is_one_line(method):
    whole = archive("\n".join(f"class {i}" for i in range(300)), method=method)
    start = whole.index(b"PK")
    for place in range(start, len(whole), 3):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        try:
            read_labels(bytes(damaged), PATH)
        except InputError as error:
            assert "\n" not in str(error) and "model.tflite" in str(error)


def test_an_endless_label_file_is_not_read_whole():
    bomb = archive(b"\n" * (200 << 20), method=zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match="more than"):
        read_labels(bomb, PATH)


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_what_is_shown_holds_no_control_character(text):
    shown = printable(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") for char in shown)


def test_escapes_are_shown_and_letters_stay():
    assert printable("a\x1b[31mb") == r"a\x1b[31mb"
    assert printable("\u202eabc") == r"\u202eabc"
    assert printable("Straße 怒") == "Straße 怒"
