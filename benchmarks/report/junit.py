"""The verdict of the gate as JUnit XML, which CI systems show as tests."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.gate.verdict import Status, Verdict
from device.system.atomic_file import replacing


def write(verdict: Verdict, path: Path, suite: str) -> None:
    """Write one test case for each check: its class is the model, its name the limit.

    An inconclusive check is a passed test case with its line as output.

    Args:
        verdict: verdict of the gate.
        path: path of the XML file; an existing file is replaced.
        suite: name of the test suite.
    """
    counts = Counter(check.status for check in verdict.checks)
    vacuous = int(verdict.vacuous is not None)
    root = ElementTree.Element(
        "testsuite",
        name=suite,
        tests=str(len(verdict.checks) + vacuous),
        failures=str(counts[Status.failed] + vacuous),
        errors="0",
        skipped=str(counts[Status.skipped]),
        time=f"{sum(check.seconds for check in verdict.checks):.6f}",
        timestamp=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    for check in verdict.checks:
        case = ElementTree.SubElement(root, "testcase", classname=check.model, name=check.key)
        case.set("time", f"{check.seconds:.6f}")
        if check.status is Status.failed:
            failure = ElementTree.SubElement(case, "failure", message=check.message)
            failure.text = f'[models."{check.rule}"] {check.key} = {check.limit:g}'
        elif check.status is Status.skipped:
            ElementTree.SubElement(case, "skipped", message=check.message)
        else:
            ElementTree.SubElement(case, "system-out").text = f"{check.status}: {check.message}"
    if verdict.vacuous:
        case = ElementTree.SubElement(root, "testcase", classname="gate", name="compared", time="0")
        ElementTree.SubElement(case, "failure", message=verdict.vacuous)
    if verdict.notes:
        ElementTree.SubElement(root, "system-err").text = "\n".join(verdict.notes)
    ElementTree.indent(root)
    with replacing(path) as partial:
        ElementTree.ElementTree(root).write(partial, encoding="utf-8", xml_declaration=True)
