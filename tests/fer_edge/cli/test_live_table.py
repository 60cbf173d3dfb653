"""The table that `run` shows on a terminal."""

import io
import sys

import numpy as np
import pytest
from rich.console import Console

from device.face import Face
from device.frame import Frame, Result
from device.geometry import Box
from device.sinks.jsonl import JsonLinesSink
from fer_edge.cli.shared.live_table import LiveTable
from fer_edge.cli.shared.stream import stdout_sink


def make_result(number, label=None):
    frame = Frame(np.zeros((4, 4), np.uint8), number, 0.0, "[red]camera")
    probabilities = np.array([0.9, 0.1], np.float32)
    labels = ("[bold]happy", "sad")
    face = Face(Box(1, 2, 30, 40), 0.0, 3, labels, probabilities, label or "", 0.9)
    return Result(frame, [face] if label else [], labels, {"total": 4.2})


def shown(*results):
    text = io.StringIO()
    table = LiveTable(Console(file=text, force_terminal=True, width=100))
    for result in results:
        table._due = 0.0
        table.write(result)
    table.close()
    return text.getvalue()


def test_faces_are_shown_with_label_confidence_and_box():
    text = shown(make_result(7, "happy"))
    for part in ("#3", "happy", "90%", "30 x 40 at 1, 2", "frame 7", "4.2 ms"):
        assert part in text


def test_without_a_face_it_says_so():
    assert "no face" in shown(make_result(1))


def test_names_are_shown_as_they_are():
    text = shown(make_result(1, "[bold]happy"))
    assert "[red]camera" in text and "[bold]happy" in text


def test_it_is_not_drawn_for_every_frame():
    text = io.StringIO()
    table = LiveTable(Console(file=text, force_terminal=True, width=100))
    for number in range(200):
        table.write(make_result(number))
    table.close()
    assert text.getvalue().count("frame ") < 20


@pytest.mark.parametrize("is_terminal", [True, False])
def test_it_is_what_a_run_without_an_output_shows_on_a_terminal(is_terminal, monkeypatch, tmp_path):
    with (tmp_path / "stdout").open("w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        monkeypatch.setattr(file, "isatty", lambda: is_terminal)
        with stdout_sink() as sink:
            assert isinstance(sink, LiveTable if is_terminal else JsonLinesSink)
