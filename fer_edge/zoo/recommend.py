"""Recommends a shipped model for a core and a time budget, from the tables of the cards."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.counting.cores import CORES
from device.errors import InputError
from device.labels import HEADS
from device.system import processor
from device.system.processor import Processor
from fer_edge.zoo import registry

HERE = "here"

CAMERA_HEAD = "ferplus"
"""Labels of the default model: FER+, since a model with FER2013's labels classifies many neutral
faces as angry or sad (docs/models.md, "Which file for a camera")."""

BUDGET_MS = 16.0
"""Default time per face in milliseconds: half of the interval between frames at 30 per second."""

EQUAL = 0.005
"""Top-1 difference on PublicTest within which the faster model is preferred; its standard error is
0.0077."""

_UNITS = {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "": 1.0}
_SLOWEST = {"arm-nodot": "cortex-a53", "arm-dot": "cortex-a76", "arm-i8mm": "cortex-a76"}
"""The core whose counts represent a core class, for cores of the class that are not counted."""


@dataclass(frozen=True)
class Target:
    """A core or machine for which a model is chosen.

    Attributes:
        name: name of the core or of the machine's class.
        core: core whose counts apply; None for a machine that has measured timings in the cards.
        core_class: class of the core.
    """

    name: str
    core: str | None
    core_class: str


@dataclass(frozen=True)
class Option:
    """A shipped file with its figures on a target.

    Attributes:
        model: name as used in commands, such as "zoo:base/fer2013_int8".
        head: label set.
        precision: precision of weights and activations.
        size: size of the file in bytes.
        val_top1: top-1 on PublicTest, by which options are chosen.
        test_top1: top-1 on PrivateTest.
        ms: time per face in milliseconds; for estimates the upper bound on the slowest board.
        instructions: instructions per inference; None if not counted.
        kind: "estimated" or "measured".
        where: board or machine class to which `ms` applies.
    """

    model: str
    head: str
    precision: str
    size: int
    val_top1: float
    test_top1: float
    ms: float
    instructions: int | None
    kind: str
    where: str


def target(name: str, found: Processor | None = None) -> Target:
    """Return the target with a name.

    Args:
        name: name of a core, or "here" for this machine.
        found: processor of this machine; None to detect it.

    Raises:
        InputError: unknown core.
    """
    if name in CORES:
        return Target(name, name, CORES[name].core_class)
    if name != HERE:
        raise InputError(f"--for {name}: give {HERE} or a core: {', '.join(CORES)}")
    found = found or processor.read()
    own = found.microarchitecture if found.microarchitecture in CORES else None
    core = own or _SLOWEST.get(found.core_class)
    return Target(own or f"core class {found.core_class}", core, found.core_class)


def budget(text: str) -> float:
    """Parse a time budget, such as 5ms, 800us or 0.01s, to milliseconds.

    Raises:
        InputError: not a time above zero.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(us|µs|ms|s|)\s*", text)
    value = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not value:
        raise InputError(f"--budget {text}: give a time above zero, such as 5ms")
    return value


def options(on: Target, head: str) -> list[Option]:
    """List the shipped files with these labels on a target, fastest first.

    Raises:
        InputError: unknown labels, or no card has figures for the target.
    """
    if head not in HEADS:
        raise InputError(f"labels {head}: give {' or '.join(HEADS)}")
    found = [
        option
        for model in registry.list_models()
        for card in [model.card]
        for stem, file in card["files"].items()
        if file["shipped"] and file["head"] == head
        for option in [_option(f"{registry.PREFIX}{model.name}/{stem}", file, card, on)]
        if option is not None
    ]
    if not found:
        raise InputError(
            f"no card has figures for {on.name}: count the files with "
            f"`fer-edge bench zoo:nano --count {on.core}`"
        )
    return sorted(found, key=lambda option: option.ms)


def choose(given: Sequence[Option], budget_ms: float = BUDGET_MS) -> Option | None:
    """Choose the most accurate option within a budget, the faster one of nearly equal ones.

    Args:
        given: options on one target.
        budget_ms: maximum time per face, in milliseconds.

    Returns:
        The chosen option; None if none is within the budget.
    """
    fitting = [option for option in given if option.ms <= budget_ms]
    best = max((option.val_top1 for option in fitting), default=0.0)
    equal = [option for option in fitting if option.val_top1 >= best - EQUAL]
    return min(equal, key=lambda option: (option.ms, option.size), default=None)


def default_model(found: Processor | None = None, head: str = CAMERA_HEAD) -> str:
    """Name the default model for this machine.

    This is the result of `choose` for this machine, or `registry.DEFAULT` if the cards have no
    applicable figures or no model is within the budget. A model that the wheel leaves out is never
    the default, so that the same machine has the same one with each way of installing.

    Args:
        found: processor of this machine; None to detect it.
        head: label set.
    """
    try:
        given = options(target(HERE, found), head)
        left_out = tuple(f"{registry.PREFIX}{name}/" for name in registry.SOURCE_ONLY)
        option = choose([one for one in given if not one.model.startswith(left_out)])
    except InputError:
        option = None
    return option.model if option else f"{registry.PREFIX}{registry.DEFAULT}/{head}_int8"


def _option(name: str, file: dict[str, Any], card: dict[str, Any], on: Target) -> Option | None:
    """Combine a card's figures for a file on a target; None if there are none."""
    instructions = None
    if on.core:
        count = next((c for c in file.get("counts", ()) if c["core"] == on.core), None)
        if count is None:
            return None
        board = max(count["estimate"]["boards"], key=lambda board: board["ms_high"])
        ms, kind, where = board["ms_high"], "estimated", board["board"]
        instructions = count["instructions"]
    else:
        ms, kind = _timed(file, card, on) / 1000, "measured"
        where = card["machine"].get("core_class", processor.UNKNOWN)
    return Option(
        model=name,
        head=file["head"],
        precision=file["precision"],
        size=file["size"]["bytes"],
        val_top1=file["val"]["top1"],
        test_top1=file["test"]["all"]["top1"],
        ms=ms,
        instructions=instructions,
        kind=kind,
        where=where,
    )


def _timed(file: dict[str, Any], card: dict[str, Any], on: Target) -> float:
    """The card's p50 in microseconds; without an int8 dot product, that of the float32 twin.

    int8 is then no faster than float32 (docs/benchmark.md, "Core class").
    """
    twin = next(
        (
            other
            for other in card["files"].values()
            if other["precision"] == "float32" and other["head"] == file["head"]
        ),
        file,
    )
    lost = on.core_class not in (*processor.DOT_PRODUCT, processor.UNKNOWN)
    p50: float = (twin if lost else file)["latency"]["p50_us"]
    return p50
