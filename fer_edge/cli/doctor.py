"""`fer-edge doctor`: whether this machine can run fer-edge, and what to do where it cannot."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from device.errors import CheckFailedError
from device.system.terminal import printable_lines
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.options import ModelOption
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from device.doctor import Finding

EXAMPLE = "Example: fer-edge doctor zoo:base"

_COLORS = {"ok": "green", "warning": "yellow", "problem": "red"}


def doctor(
    file: Annotated[
        str | None,
        typer.Argument(help="Model file (.tflite), or zoo:NAME.", metavar="[MODEL]"),
    ] = None,
    model: ModelOption = None,
    detector_model: Annotated[
        Path | None, typer.Option(help="File of YuNet to try, instead of the downloaded one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Check Python, libraries, model, detectors, cameras, power, heat and memory.

    Classifies one picture with the model, and shows whether XNNPACK runs it. The exit code is 1
    when there is a problem; a warning is not one.
    """
    from device.doctor import Status, examine
    from fer_edge import zoo

    findings = []
    for finding in examine(model=zoo.resolve(file or model), detector_model=detector_model):
        findings.append(finding)
        if not as_json:
            _print(finding)
    problems = sum(finding.status is Status.problem for finding in findings)
    if as_json:
        print_json(_as_json(findings, problems))
    if problems:
        raise CheckFailedError("1 problem found" if problems == 1 else f"{problems} problems found")


def _print(finding: "Finding") -> None:
    status = typer.style(f"{finding.status:8}", fg=_COLORS[finding.status])
    typer.echo(f"{status} {finding.name:12} {printable_lines(finding.message)}")
    if finding.fix:
        echo(f"{'':8} {'':12} -> {finding.fix}")


def _as_json(findings: "list[Finding]", problems: int) -> dict[str, object]:
    return {
        "ok": problems == 0,
        "findings": [
            {
                "name": finding.name,
                "status": finding.status,
                "says": finding.message,
                "remedy": finding.fix or None,
            }
            for finding in findings
        ],
    }
