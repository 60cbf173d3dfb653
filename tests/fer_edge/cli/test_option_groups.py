"""Dataclasses as groups of options, as Typer sees them."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from fer_edge.cli.shared.arguments import model_and_source
from fer_edge.cli.shared.option_groups import with_option_groups
from fer_edge.cli.shared.options import FaceOptions, finite


@dataclass(frozen=True, kw_only=True)
class Size:
    width: Annotated[int, typer.Option(min=1, help="Pixels.")] = 640
    scale: Annotated[float | None, typer.Option(callback=finite)] = None


@pytest.fixture
def call():
    app, calls = typer.Typer(), []

    @app.command()
    @with_option_groups
    def command(name: str, *, size: Size, loud: Annotated[bool, typer.Option()] = False) -> None:
        """Do it."""
        calls.append((name, size, loud))

    def call(*words):
        done = CliRunner().invoke(app, words)
        return done.exit_code, calls.pop() if calls else done.output

    return call


def test_a_group_arrives_as_its_dataclass(call):
    assert call("x") == (0, ("x", Size(), False))
    assert call("x", "--width", "3", "--scale=2", "--loud") == (
        0,
        ("x", Size(width=3, scale=2.0), True),
    )


def test_options_of_a_group_are_checked_and_shown(call):
    code, output = call("x", "--width", "0")
    assert code == 2 and "--width" in output
    code, output = call("--help")
    assert code == 0 and "Pixels." in output and "Do it." in output and "size" not in output


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_numbers_that_are_not_finite_are_refused(call, value):
    code, output = call("x", f"--scale={value}")
    assert code == 2 and "not a finite number" in output


def test_the_defaults_of_a_group_are_those_of_the_command_line():
    assert FaceOptions().smoothing == 0.5 and FaceOptions().detector == "auto"


@pytest.mark.parametrize(
    ("words", "option", "expected"),
    [
        (["0"], None, (None, "0")),
        (["0"], "m.tflite", ("m.tflite", "0")),
        (["zoo:nano", "0"], None, ("zoo:nano", "0")),
        (["M.TFLITE", "clip.avi"], "other.tflite", ("M.TFLITE", "clip.avi")),
        ([], None, (None, "rtsp://cam")),
        (["zoo:nano"], None, ("zoo:nano", "rtsp://cam")),
    ],
)
def test_the_model_may_stand_before_the_source(monkeypatch, words, option, expected):
    monkeypatch.setenv("FER_EDGE_SOURCE", "rtsp://cam")
    assert model_and_source(words, option) == expected
