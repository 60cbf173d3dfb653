"""The rules of a gate: a TOML file with limits for the models that match a glob."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

from benchmarks.counting.cores import CORES
from benchmarks.gate.limits import LIMITS, Limit
from benchmarks.textfile import parse_toml, read_toml
from device.errors import InputError
from device.system.validation import explain

DEFAULT = Path(__file__).parents[1] / "default_rules.toml"
"""Rules used if none are given; a commented example to start from."""


class DecideBy(StrEnum):
    """What must exceed a limit for a check to fail: the whole interval, or the figure."""

    interval = "interval"
    point = "point"


@dataclass(frozen=True)
class Rule:
    """Limits for the models that match one glob.

    Attributes:
        models: glob of model names, as in `fnmatch`.
        limits: limit by key of `limits.LIMITS`, or KEY.CORE for one core; fractions of 1, bytes,
            kB, microseconds or milliseconds.
        parent: glob of the model that drops are measured from; None for the model of
            `parent_precision` with the same labels.
        parent_precision: precision of the parent.
        decide_by: what has to be beyond a limit for a check to fail.
        optional: whether to skip a glob without models and figures that were not measured.
    """

    models: str
    limits: Mapping[str, float]
    parent: str | None
    parent_precision: str
    decide_by: DecideBy
    optional: bool


@dataclass(frozen=True)
class Rules:
    """Content of a rules file.

    Attributes:
        path: the file.
        confidence: confidence of the one-sided bounds, 0.8 to 0.999.
        allow_new: whether to skip models that the baseline lacks.
        rules: rules in the order of the file; every rule that matches a model applies.
    """

    path: Path
    confidence: float
    allow_new: bool
    rules: tuple[Rule, ...]


def load(path: Path) -> Rules:
    """Read a rules file.

    Raises:
        InputError: the file cannot be read, is not TOML, or has an unknown key, a value of another
            type or out of range, or no rule.
    """
    return _rules(read_toml(path), path)


def parse(text: str, path: Path) -> Rules:
    """Parse rules from TOML.

    Args:
        text: content of the file.
        path: name of the file in errors.

    Raises:
        InputError: as of `load`.
    """
    return _rules(parse_toml(text, path), path)


class _Base(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class _Options(_Base):
    """Keys of a table of models in addition to its limits."""

    parent: str | None = None
    parent_precision: str = "float32"
    decide_by: DecideBy | None = Field(default=None, strict=False)
    optional: bool = False

    def limits(self) -> dict[str, float]:
        """Return the limits that are set, those of single cores as KEY.CORE."""
        found: dict[str, float] = {}
        for key in LIMITS:
            value = getattr(self, key)
            if isinstance(value, BaseModel):
                cores = value.model_dump(exclude_none=True)
                found |= {
                    key if core == _EACH else f"{key}.{core}": limit
                    for core, limit in cores.items()
                }
            elif value is not None:
                found[key] = float(value)
        return found


_EACH = "each"
"""Key of the limit for cores without a separate one."""


def _field(limit: Limit) -> Any:
    """Return the pydantic field of a limit: a number, or one for each core."""
    number = Field(default=None, ge=0, le=limit.highest)
    if not limit.each_core:
        return float | None, number
    names = (_EACH, *CORES)
    fields: dict[str, Any] = dict.fromkeys(names, (float | None, number))
    by_core = create_model("_ByCore", __base__=_Base, **fields)
    return Annotated[by_core | None, BeforeValidator(_for_each_core)], None


def _for_each_core(value: Any) -> Any:
    """Read a plain number as the limit on each core."""
    return value if isinstance(value, dict) else {_EACH: value}


if TYPE_CHECKING:
    _Table = _Options
else:
    _limit_fields = {key: _field(limit) for key, limit in LIMITS.items()}
    _Table = create_model("_Table", __base__=_Options, **_limit_fields)


def _named(tables: Any) -> Any:
    """Refuse a file without rules."""
    if not isinstance(tables, dict) or not tables:
        raise ValueError('the file has no rule: write one as [models."*_int8"], min_top1 = 0.6')
    return tables


class _File(_Base):
    confidence: float = Field(default=0.95, ge=0.8, le=0.999)
    decide_by: DecideBy = Field(default=DecideBy.interval, strict=False)
    allow_new: bool = False
    models: Annotated[dict[str, _Table], BeforeValidator(_named)] = Field(
        default={}, validate_default=True
    )


def _rules(values: Mapping[str, Any], path: Path) -> Rules:
    try:
        file = _File.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{path}: {explain(error, _File, 'rules file')}") from error
    rules = []
    for glob, table in file.models.items():
        limits = table.limits()
        if not limits:
            raise InputError(
                f'{path}: [models."{glob}"] limits nothing: give it a limit such as max_bytes'
            )
        rules.append(
            Rule(
                models=glob,
                limits=limits,
                parent=table.parent,
                parent_precision=table.parent_precision,
                decide_by=table.decide_by or file.decide_by,
                optional=table.optional,
            )
        )
    return Rules(path, file.confidence, file.allow_new, tuple(rules))
