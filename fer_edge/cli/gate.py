"""`fer-edge gate`: check measured models against limits and against a baseline."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from device.errors import CheckFailedError, InputError
from device.system.terminal import printable_lines
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from benchmarks.gate.rules import Rules
    from benchmarks.gate.verdict import CheckResult, Verdict

EXAMPLE = "Example: fer-edge gate results.json --rules bench.toml --baseline main.json"

_COLORS = {"passed": "green", "inconclusive": "yellow", "failed": "red", "skipped": "bright_black"}


def gate(
    results: Annotated[
        Path | None, typer.Argument(help="results.json written by `bench`.", metavar="RESULTS")
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(help="Rules file (TOML).", show_default="the rules of --print-rules"),
    ] = None,
    baseline: Annotated[Path | None, typer.Option(help="results.json to compare with.")] = None,
    junit: Annotated[
        Path | None, typer.Option(help="Write a JUnit XML report to this file.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Write a Markdown report to this file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    allow_new: Annotated[
        bool,
        typer.Option("--allow-new", help="Accept models, or a whole run, without a baseline."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Also print passed and skipped checks.")
    ] = False,
    print_rules: Annotated[
        bool,
        typer.Option("--print-rules", help="Print the default rules and exit."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Check results against limits and a baseline, using confidence intervals.

    Prints one line per failed or inconclusive check; exit code 1 if a check fails.
    """
    from benchmarks.gate import rules as rule_files

    if print_rules:
        typer.echo(rule_files.DEFAULT.read_text(encoding="utf-8"), nl=False)
        return
    if results is None:
        raise InputError("no results to check: give the results.json of `fer-edge bench`")

    from benchmarks.gate.case import Session
    from benchmarks.gate.check import evaluate
    from benchmarks.gate.verdict import Status
    from benchmarks.report import github_summary
    from benchmarks.report import junit as junit_files
    from benchmarks.report.gate_markdown import headline
    from benchmarks.report.gate_markdown import markdown as as_markdown
    from benchmarks.results.file import load
    from device.system.atomic_file import replacing

    for option, path in (("--junit", junit), ("--markdown", markdown)):
        if path and path.exists() and not force:
            raise InputError(f"{option} {path}: exists already; --force replaces it")
    known = rule_files.load(rules or rule_files.DEFAULT)
    verdict = evaluate(
        Session(str(results), load(results)),
        known,
        Session(str(baseline), load(baseline)) if baseline else None,
        allow_new=allow_new,
    )
    if junit:
        junit_files.write(verdict, junit, "fer-edge gate")
    if markdown:
        with replacing(markdown) as partial:
            partial.write_text(as_markdown(verdict), encoding="utf-8")
    github_summary.append(as_markdown(verdict))
    if as_json:
        print_json(_as_json(verdict, known, results, baseline))
    else:
        _print(verdict, verbose)
    if verdict.count(Status.failed):
        raise CheckFailedError(headline(verdict))
    if verdict.vacuous:
        raise CheckFailedError(verdict.vacuous)
    if not as_json:
        echo(headline(verdict))


def _print(verdict: "Verdict", verbose: bool) -> None:
    for note in verdict.notes:
        echo(f"note: {note}")
    for check in verdict.checks:
        if verbose or check.status in ("failed", "inconclusive"):
            status = typer.style(f"{check.status:12}", fg=_COLORS[check.status])
            typer.echo(f"{status} {printable_lines(check.message)}")


def _as_json(
    verdict: "Verdict", rules: "Rules", results: Path, baseline: Path | None
) -> dict[str, Any]:
    return {
        "ok": verdict.passed,
        "vacuous": verdict.vacuous,
        "results": str(results),
        "baseline": None if baseline is None else str(baseline),
        "rules": str(rules.path),
        "confidence": rules.confidence,
        "notes": list(verdict.notes),
        "checks": [_check_as_json(check) for check in verdict.checks],
    }


def _check_as_json(check: "CheckResult") -> dict[str, Any]:
    found = check.estimate
    return {
        "rule": check.rule,
        "model": check.model,
        "key": check.key,
        "status": check.status,
        "value": found and found.value,
        "low": found and found.low,
        "high": found and found.high,
        "limit": check.limit,
        "says": check.message,
    }
