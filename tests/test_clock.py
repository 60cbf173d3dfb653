"""Intervals are of the monotonic clock: the time of day jumps when a board gets it from the net."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("device", "quantization", "benchmarks", "fer_edge")
READERS = {
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
}
TIMESTAMPS = {
    "benchmarks/machine/concurrent_runs.py": "start of a run, shown to others",
    "benchmarks/report/junit.py": "time of the report",
    "benchmarks/session/session.py": "`created` of the results",
    "device/frame.py": "time of a result",
    "device/sinks/mqtt/sink.py": "time of a message",
    "fer_edge/api/measure.py": "name of the default folder",
    "fer_edge/evaluation/evaluate.py": "`created` of the results",
    "fer_edge/search/log.py": "day of a trial",
}
"""Modules that write the time of day into a result or a name, and never subtract two of them."""


def test_the_time_of_day_is_read_for_timestamps_alone() -> None:
    found = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and (
                    ".".join(ast.unparse(node).split(".")[-2:]) in READERS
                ):
                    found.add(path.relative_to(ROOT).as_posix())
    assert found == TIMESTAMPS.keys()
