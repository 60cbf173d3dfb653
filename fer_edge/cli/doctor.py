"""`fer-edge doctor`: checks whether this machine can run fer-edge and suggests fixes."""

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
        typer.Argument(help="Model file (.tflite) or zoo:NAME.", metavar="[MODEL]"),
    ] = None,
    model: ModelOption = None,
    detector_model: Annotated[
        Path | None, typer.Option(help="YuNet model file to check, instead of the downloaded one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Check Python, libraries, models, detectors, cameras, power, temperature and memory.

    Classifies one image with the model and reports whether XNNPACK runs it. Compares the shipped
    models with their published digests. Exit code 1 if there is a problem; warnings do not count.
    """
    from device.doctor import Status, examine
    from fer_edge import zoo

    findings = []
    for finding in examine(
        model=zoo.resolve(file or model), detector_model=detector_model, digests=zoo.DIGESTS
    ):
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
