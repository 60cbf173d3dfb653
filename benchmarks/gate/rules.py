"""The rules of a gate: a TOML file that says what models must hold, by globs of their names."""

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from benchmarks.counting.cores import CORES
from benchmarks.gate.limits import LIMITS, limit
from benchmarks.textfile import parse_toml, read_toml
from device.errors import InputError

DEFAULT = Path(__file__).parents[1] / "default_rules.toml"
"""What holds when no rules are given; it says so itself, and is a start for rules of one's own."""


_OPTIONS = ("confidence", "decide_by", "allow_new", "models")
_RULE_OPTIONS = ("parent", "parent_precision", "decide_by", "optional")
"""Keys of the whole file, and of a table beside the limits."""


class DecideBy(StrEnum):
    """What breaks a rule: an interval wholly beyond the limit, or the figure itself."""

    interval = "interval"
    point = "point"


@dataclass(frozen=True)
class Rule:
    """What the models of one glob must hold.

    Attributes:
        models: a glob of model names, as `fnmatch` has it.
        limits: by key of `LIMITS`, or KEY.CORE for one core; fractions of 1, bytes, kB,
            microseconds or milliseconds.
        parent: a glob of the model that drops are measured from; None finds the model of
            `parent_precision` with the same labels.
        parent_precision: of the parent.
        decide_by: what breaks a limit.
        optional: whether a glob without models and a figure that was not measured are passed over.
    """

    models: str
    limits: Mapping[str, float]
    parent: str | None
    parent_precision: str
    decide_by: DecideBy
    optional: bool


@dataclass(frozen=True)
class Rules:
    """A file of rules.

    Attributes:
        path: the file.
        confidence: of the one-sided bounds that decide.
        allow_new: whether a model that the baseline lacks is passed over.
        rules: in the file's order; every rule that matches a model counts.
    """

    path: Path
    confidence: float
    allow_new: bool
    rules: tuple[Rule, ...]


def load(path: Path) -> Rules:
    """Read a file of rules.

    Raises:
        InputError: the file cannot be read, is no TOML, or says something that no rule means.
    """
    return _rules(read_toml(path), path)


def parse(text: str, path: Path) -> Rules:
    """Read rules from TOML; `path` names them in errors.

    Raises:
        InputError: no TOML, an unknown key, a value of another type or out of range, or no rule.
    """
    return _rules(parse_toml(text, path), path)


def _rules(whole: Mapping[str, Any], path: Path) -> Rules:
    _check_keys(whole, _OPTIONS, f"{path}:")
    decide_by = _decide_by(whole, f"{path}: decide_by", DecideBy.interval)
    tables = whole.get("models", {})
    if not isinstance(tables, dict) or not tables:
        raise InputError(f'{path} has no rule: write one as [models."*_int8"], min_top1 = 0.6')
    return Rules(
        path=path,
        confidence=_number(whole.get("confidence", 0.95), f"{path}: confidence", 0.8, 0.999),
        allow_new=_typed(whole.get("allow_new", False), bool, f"{path}: allow_new"),
        rules=tuple(_rule(glob, table, decide_by, path) for glob, table in tables.items()),
    )


def _rule(glob: str, table: Any, decide_by: DecideBy, path: Path) -> Rule:
    where = f'{path}: [models."{glob}"]'
    if not isinstance(table, dict):
        raise InputError(f"{where} is {table!r}: make it a table of limits")
    _check_keys(table, (*LIMITS, *_RULE_OPTIONS), where)
    limits = {
        key: _number(value, f"{where} {key}", 0.0, limit(key).highest)
        for key, value in _flat(table, where).items()
        if key.partition(".")[0] in LIMITS
    }
    if not limits:
        raise InputError(f"{where} limits nothing: give it a limit such as max_bytes")
    parent = table.get("parent")
    return Rule(
        models=glob,
        limits=limits,
        parent=None if parent is None else _typed(parent, str, f"{where} parent"),
        parent_precision=_typed(
            table.get("parent_precision", "float32"), str, f"{where} parent_precision"
        ),
        decide_by=_decide_by(table, f"{where} decide_by", decide_by),
        optional=_typed(table.get("optional", False), bool, f"{where} optional"),
    )


def _flat(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Write limits of single cores, as `max_instructions = {cortex-a72 = 16e6}`, as KEY.CORE."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if key in LIMITS and LIMITS[key].each_core and isinstance(value, dict):
            _check_keys(value, CORES, f"{where} {key}:")
            flat |= {f"{key}.{core}": limit for core, limit in value.items()}
        else:
            flat[key] = value
    return flat


def _check_keys(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    names = list(known)
    for key in table:
        if key in names:
            continue
        if key in (*LIMITS, *_RULE_OPTIONS) and "models" in names:
            raise InputError(f'{where} {key} belongs below a table of models: [models."*"]')
        if key in _OPTIONS and "models" not in names:
            raise InputError(f"{where} {key} belongs to the whole file: above the first table")
        near = difflib.get_close_matches(key, [*names, *_everything(names)], n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
        raise InputError(f"{where} unknown key {key!r}: {hint}")


def _everything(names: Sequence[str]) -> Iterable[str]:
    """Give the keys that may be meant where rules stand, even in the wrong place."""
    return () if set(names) <= set(CORES) else (*LIMITS, *_RULE_OPTIONS, *_OPTIONS)


def _number(value: Any, where: str, lowest: float, highest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where} is {value!r}: give a number")
    if not lowest <= value <= highest or math.isinf(value):
        bounds = f"{lowest:g} or more" if math.isinf(highest) else f"{lowest:g} to {highest:g}"
        raise InputError(f"{where} is {value}: give {bounds}")
    return float(value)


def _typed(value: Any, wanted: type, where: str) -> Any:
    if not isinstance(value, wanted):
        asked = {bool: "true or false", str: "a text in quotes"}[wanted]
        raise InputError(f"{where} is {value!r}: give {asked}")
    return value


def _decide_by(table: Mapping[str, Any], where: str, default: DecideBy) -> DecideBy:
    value = table.get("decide_by", default)
    if value not in list(DecideBy):
        raise InputError(f'{where} is {value!r}: give "interval" or "point"')
    return DecideBy(value)
