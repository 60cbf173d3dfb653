"""Output of a host that does not come from the agent."""

import json
import os
import sys

import pytest

from benchmarks import remote
from benchmarks.remote import agent
from benchmarks.remote.host import Host
from device.errors import CheckFailedError, InputError

HELLO = {"event": "hello", "python": "python3", "version": "3.12.1", "machine": "x", "old": False}
HELLO |= {"missing": [], "managed": False}
FAKE = """#!{python}
import sys
for line in {lines!r}:
    print(line, flush=True)
print({last_words!r}, file=sys.stderr)
sys.exit({code})
"""


@pytest.fixture
def answer(tmp_path, monkeypatch, job):
    """Run the job on a fake host that prints these lines."""

    def answer(*lines, code=0, last_words=""):
        said = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        ssh = tmp_path / "bin" / "ssh"
        ssh.parent.mkdir()
        script = FAKE.format(python=sys.executable, lines=said, code=code, last_words=last_words)
        ssh.write_text(script)
        ssh.chmod(0o755)
        monkeypatch.setenv("PATH", f"{ssh.parent}{os.pathsep}{os.environ['PATH']}")
        out = tmp_path / "out"
        (outcome,) = remote.run(
            [Host("lab")], job, python="python3", out=out, notify=lambda *_: None
        )
        assert outcome.results is None and not out.exists()
        return outcome.error

    return answer


@pytest.mark.parametrize(
    "results", [{}, [], {"machine": {}, "models": []}, {"machine": {}, "models": [{}]}]
)
def test_results_that_are_not_whole_are_not_kept(answer, results):
    error = answer(agent.MARK, HELLO, {"event": "results", "results": results})
    assert isinstance(error, CheckFailedError)
    assert "lab: sent no complete results.json" in str(error)


@pytest.mark.parametrize("line", ["Welcome!", "5", "{}"])
def test_what_is_no_event_is_refused(answer, line):
    error = answer(agent.MARK, HELLO, line)
    assert isinstance(error, CheckFailedError)
    assert str(error).startswith("lab: sent an unexpected line")


def test_words_from_elsewhere_do_not_command_the_terminal(answer):
    error = answer(agent.MARK, HELLO, {"event": "failed", "code": 2, "text": "\x1b]0;mine\x07no"})
    assert isinstance(error, InputError)
    assert str(error).isprintable()


def test_an_end_in_mid_run_is_told_from_one_before(answer):
    error = answer(agent.MARK, HELLO, code=255, last_words="Broken pipe")
    assert isinstance(error, CheckFailedError) and "lost during the run (Broken pipe)" in str(error)


def test_a_host_that_says_nothing_of_ours_is_wrong_input(answer):
    error = answer("Welcome!", "No shell for you.", code=1)
    assert isinstance(error, InputError) and "try `ssh lab` manually first" in str(error)
