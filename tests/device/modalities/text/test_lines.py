"""Lines out of bytes, and the cues of subtitles."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.modalities.text.lines import MAX_LINE, LineSplitter, text_of
from device.modalities.text.subtitles import cues


@given(st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b""))), st.integers(1, 9))
def test_lines_come_out_whole_however_the_bytes_are_cut(lines: list[bytes], step: int) -> None:
    content = b"".join(line + b"\n" for line in lines)
    splitter = LineSplitter("test")
    pieces = [content[at : at + step] for at in range(0, len(content), step)]
    assert [line for piece in pieces for line in splitter.feed(piece)] == lines
    assert splitter.end() == []


def test_the_last_line_needs_no_line_break() -> None:
    splitter = LineSplitter("test")
    assert splitter.feed(b"one\ntwo") == [b"one"]
    assert splitter.end() == [b"two"]


def test_a_line_of_ten_megabytes_is_left_out_and_the_next_is_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    splitter = LineSplitter("test")
    found = [line for _ in range(160) for line in splitter.feed(b"x" * MAX_LINE)]
    assert found + splitter.feed(b"\nfine\n") == [b"fine"]
    assert [record.message for record in caplog.records] == [
        "test: skipped a line of more than 65536 bytes"
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"  hello\r", "hello"),
        (b"\xef\xbb\xbfhello", "hello"),
        (b'{"text": " good morning "}', "good morning"),
        (b'{"partial": "goo"}', ""),
        (b"{not json", "{not json"),
        (b"", ""),
    ],
)
def test_a_line_is_plain_text_or_the_answer_of_a_speech_recognizer(line: bytes, text: str) -> None:
    assert text_of(line, "test") == text


def test_invalid_utf8_is_left_out_and_not_printed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert text_of(b"secret \xff", "test") == ""
    assert caplog.messages == ["test: skipped a line that is not UTF-8"]


def test_subrip_and_webvtt_give_the_start_and_the_words() -> None:
    subrip = (
        "1\r\n00:00:01,500 --> 00:00:03,000\r\n<i>Hello</i>\r\nthere\r\n\r\n"
        "2\r\n00:01:00,000 --> 00:01:02,000\r\nBye\r\n"
    )
    assert cues(subrip) == [(1.5, "Hello there"), (60.0, "Bye")]
    webvtt = "WEBVTT\n\nNOTE nothing\n\n00:01.250 --> 00:02.000 align:start\nHi\n"
    assert cues(webvtt) == [(1.25, "Hi")]


@given(st.text())
def test_any_text_can_be_read_as_subtitles(text: str) -> None:
    assert all(seconds >= 0 and words for seconds, words in cues(text))
