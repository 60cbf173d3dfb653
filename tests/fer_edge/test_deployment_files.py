"""Dockerfile and examples of a deployment: they can be read and agree with the program."""

import json
import re
import shlex
from pathlib import Path

import pytest
import typer.main
import yaml

from device.labels import FER2013, FERPLUS
from device.sinks import home_assistant
from fer_edge.cli.app import app

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
COMPOSE = ROOT / "examples" / "frigate" / "compose.yaml"
HOME_ASSISTANT = ROOT / "examples" / "home-assistant"


def instructions() -> list[tuple[str, str]]:
    lines = re.sub(r"\\\n\s*", "", DOCKERFILE).splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


def parse(words: list[str]) -> None:
    group = typer.main.get_command(app)
    context = group.make_context("fer-edge", list(words))
    name, command, rest = group.resolve_command(context, list(words))
    command.make_context(name, rest, parent=context)


def test_the_image_starts_a_command_of_the_program_without_root() -> None:
    last = dict(instructions())
    assert last["USER"] == "fer-edge"
    assert json.loads(last["ENTRYPOINT"]) == ["fer-edge"]
    parse(json.loads(last["CMD"]))
    stages = [value for name, value in instructions() if name == "FROM"]
    assert len(stages) == 2 and stages[0].split(" AS ")[0] == stages[1]


def test_the_health_check_asks_the_page_on_its_port() -> None:
    last = dict(instructions())
    command = json.loads(last["HEALTHCHECK"].split("CMD ")[1])
    assert "/healthz" in command[-1] and last["EXPOSE"] in command[-1]
    compile(command[-1], "HEALTHCHECK", "exec")


def test_the_context_holds_what_the_build_copies() -> None:
    kept = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    ]
    assert {"pyproject.toml", "README.md", "LICENSE", "constraints.txt"} <= set(kept)
    for name in kept:
        assert (ROOT / name).exists(), name


def test_shell_lines_are_whole() -> None:
    for name, value in instructions():
        if name == "RUN":
            assert shlex.split(value)


def test_the_compose_file_runs_a_command_on_a_stream_that_frigate_has() -> None:
    compose = yaml.safe_load(COMPOSE.read_text())
    command = compose["services"]["fer-edge"]["command"]
    parse(command)
    frigate = yaml.safe_load((COMPOSE.parent / "frigate.yaml").read_text())
    (stream,) = frigate["go2rtc"]["streams"]
    assert f"rtsp://frigate:8554/{stream}" in command
    mounted = [
        m.split(":")[0] for one in compose["services"].values() for m in one.get("volumes", [])
    ]
    for path in mounted:
        assert not path.startswith("./") or (COMPOSE.parent / path).is_file(), path


@pytest.mark.parametrize("name", ["automations.yaml", "dashboard.yaml"])
def test_home_assistant_is_told_of_entities_that_are_announced(name: str) -> None:
    text = (HOME_ASSISTANT / name).read_text()
    yaml.safe_load(text)
    announced = set()
    for _, payload in home_assistant.messages("hall", FERPLUS):
        sensor = json.loads(payload)
        announced.add(f"sensor.{sensor['device']['name']}_{sensor['name'].lower()}")
    named = set(re.findall(r"sensor\.\w+", text))
    assert named and named <= announced


def test_home_assistant_waits_for_labels_that_a_model_gives() -> None:
    automations = yaml.safe_load((HOME_ASSISTANT / "automations.yaml").read_text())
    states = {
        trigger["to"]
        for automation in automations
        for trigger in automation["triggers"]
        if trigger["trigger"] == "state"
    }
    assert states - {"unavailable"} <= {*FERPLUS, *FER2013, "uncertain"}
