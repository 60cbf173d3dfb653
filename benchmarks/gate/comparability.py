"""Whether two sessions may be compared: the same images, reference, core class and settings."""

from benchmarks.gate.case import Session
from benchmarks.gate.limits import limit
from benchmarks.gate.rules import Rules
from device.errors import InputError
from device.system.processor import UNKNOWN


def check(session: Session, baseline: Session, rules: Rules) -> None:
    """Refuse a baseline whose figures mean something else than those of the session.

    Raises:
        InputError: a limit of the rules cannot be checked with these two sessions.
    """
    keys = {key for rule in rules.rules for key in rule.limits if limit(key).needs_baseline}
    if keys & {"max_top1_loss", "max_macro_f1_loss"}:
        _check_images(session, baseline)
    timed = session.results["reference"] and baseline.results["reference"]
    if "max_slower" in keys and timed:
        _check_reference(session, baseline)
        _check_core_classes(session, baseline)
        _check_settings(session, baseline)


def _check_images(session: Session, baseline: Session) -> None:
    now, before = session.results["data"], baseline.results["data"]
    for part in ("digest", "split"):
        if now[part] != before[part]:
            raise InputError(
                f"{baseline.name} was measured on other images ({part} {before[part][:12]}, not "
                f"{now[part][:12]}): measure both on the same"
            )


def _check_reference(session: Session, baseline: Session) -> None:
    now, before = session.results["reference"], baseline.results["reference"]
    if now and before and now["sha256"] != before["sha256"]:
        raise InputError(
            f"{baseline.name} was timed with another reference workload: measure it again with "
            "this fer-edge"
        )


def _check_core_classes(session: Session, baseline: Session) -> None:
    """Refuse latencies of different core classes, for which the runtime uses different kernels."""
    now, before = (one.results["machine"]["core_class"] for one in (session, baseline))
    if now == before != UNKNOWN:
        return
    differ = (
        f"{baseline.name} was timed on core class {before}, {session.name} on {now}"
        if now != before
        else f"neither {baseline.name} nor {session.name} says on which core class it was timed"
    )
    raise InputError(
        f"{differ}, and latencies do not carry over: measure the baseline on this machine, or drop "
        "max_slower and compare instructions with max_more_instructions"
    )


def _check_settings(session: Session, baseline: Session) -> None:
    now, before = session.results["protocol"], baseline.results["protocol"]
    for part, ours, theirs in (
        ("threads", now["threads"][0], before["threads"][0]),
        ("backend", now["backend"], before["backend"]),
    ):
        if ours != theirs:
            raise InputError(
                f"{baseline.name} was timed with {part} {theirs}, {session.name} with {ours}: "
                "measure both alike"
            )
