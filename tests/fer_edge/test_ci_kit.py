"""The project's workflows and those offered in docs/ci.md are valid and use existing options."""

import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from fer_edge.cli.app import app

ROOT = Path(__file__).parents[2]
OURS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PAGES = [ROOT / "docs" / name for name in ("ci.md", "remote.md")]
END_OF_COMMAND = (";", "&", "|", ">", "<", ")")


def blocks(page: Path, *languages: str) -> list[str]:
    """The fenced blocks of a page."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    return [text for language, text in found if language in languages]


def workflows() -> dict[str, dict]:
    """The project's workflows by file name, those of docs/ci.md by their own name."""
    found = {path.name: yaml.safe_load(path.read_text()) for path in OURS}
    for text in blocks(PAGES[0], "yaml"):
        parsed = yaml.safe_load(text)
        if isinstance(parsed, dict):
            found[f"ci.md: {parsed['name']}"] = parsed
    return found


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def commands(script: str) -> list[list[str]]:
    """The arguments of each `fer-edge` call in a shell script."""
    found = []
    for line in re.findall(r"(?:^|[\s;&|])fer-edge\s+(.*)", script.replace("\\\n", " ")):
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        stop = (i for i, word in enumerate(words) if word.startswith(END_OF_COMMAND))
        found.append(words[: next(stop, len(words))])
    return found


def scripts() -> list[str]:
    """Everything in workflows and pages that a user may run."""
    found = [step["run"] for one in workflows().values() for step in steps(one) if "run" in step]
    for page in PAGES:
        found += blocks(page, "", "sh")
        found += re.findall(r"`(fer-edge [^`]+)`", page.read_text())
        for text in blocks(page, "yaml"):
            parsed = yaml.safe_load(text)
            if isinstance(parsed, list):  # steps to put into a workflow
                found += [step["run"] for step in parsed if "run" in step]
    return found


def check(arguments: list[str]) -> None:
    """Parse a command line with fer-edge's parser, without running it."""
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        name, *arguments = arguments
        assert name in command.commands, f"no command {name}"
        command = command.commands[name]
    command.make_parser(command.context_class(command)).parse_args(list(arguments))


@pytest.mark.parametrize("arguments", [line for text in scripts() for line in commands(text)])
def test_every_command_that_is_named_exists(arguments):
    check(arguments)


def test_a_wrong_command_would_be_noticed():
    (arguments,) = commands("if x; then fer-edge gate a.json --no-such-option \\\n  b; fi")
    assert arguments == ["gate", "a.json", "--no-such-option", "b"]
    with pytest.raises(Exception, match="no-such-option"):
        check(arguments)
    with pytest.raises(AssertionError, match="no command"):
        check(["measure"])


def test_the_commands_were_found():
    named = {line[0] for text in scripts() for line in commands(text)}
    assert {"bench", "gate"} <= named


@pytest.mark.parametrize("name", workflows())
def test_a_workflow_is_whole_and_asks_for_no_more_than_it_needs(name):
    workflow = workflows()[name]
    triggers = workflow[True]  # what YAML 1.1 makes of the key `on`
    assert workflow["permissions"], "the default token may write"
    for job in workflow["jobs"].values():
        assert job["runs-on"] and job["timeout-minutes"]
    for step in steps(workflow):
        assert ("run" in step) != ("uses" in step)
        if "uses" in step:
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@v\d+", step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
    if "pull_request" in triggers:
        assert workflow["permissions"] == {"contents": "read"}
        assert "secrets." not in yaml.safe_dump(workflow)
    assert "pull_request_target" not in triggers


@pytest.mark.parametrize("name", workflows())
def test_no_script_has_foreign_words_pasted_into_it(name):
    for step in steps(workflows()[name]):
        assert "${{" not in step.get("run", ""), "hand it over in env"


def test_no_workflow_that_may_write_checks_anything_out():
    for workflow in workflows().values():
        if "write" in workflow["permissions"].values():
            assert not [step for step in steps(workflow) if "uses" in step]


def test_ours_runs_on_both_architectures_and_all_pythons():
    jobs = workflows()["ci.yml"]["jobs"]
    assert jobs["tests"]["strategy"]["matrix"] == {
        "runner": ["ubuntu-latest", "ubuntu-24.04-arm"],
        "python": ["3.11", "3.12", "3.13"],
    }
    assert len(jobs["benchmark"]["strategy"]["matrix"]["runner"]) == 2
