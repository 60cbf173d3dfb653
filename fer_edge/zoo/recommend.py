"""Which shipped model fits a core and a budget of time, from the tables of the cards."""

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
"""Labels of the default model: those of FER+, since a model with FER2013's takes many neutral
faces for angry or sad ones (docs/models.md, "Which file for a camera")."""

BUDGET_MS = 16.0
"""Of a face where no budget is given: half of the time between two frames at 30 a second."""

EQUAL = 0.005
"""Top-1 on PublicTest within which the faster model is preferred; its standard error is 0.0077."""

_UNITS = {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "": 1.0}
_SLOWEST = {"arm-nodot": "cortex-a53", "arm-dot": "cortex-a76", "arm-i8mm": "cortex-a76"}
"""By core class: the counted core that stands for a core of the class that is not counted."""


@dataclass(frozen=True)
class Target:
    """What a model is to run on.

    Attributes:
        name: of the core, or of the machine's class.
        core: the core whose counts apply; None for a machine that cards have timings of.
        core_class: its class.
    """

    name: str
    core: str | None
    core_class: str


@dataclass(frozen=True)
class Option:
    """A shipped file on a target.

    Attributes:
        model: as commands take it, such as "zoo:base/fer2013_int8".
        head: its label set.
        precision: of its weights and activations.
        size: bytes of the file.
        val_top1: accuracy on PublicTest, which options are chosen by.
        test_top1: accuracy on PrivateTest.
        ms: time of one face; the upper bound where it is an estimate, on the slowest board.
        instructions: of one inference; None where they were not counted.
        kind: "estimated" or "measured".
        where: the board, or the machine's class, that `ms` is of.
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
    """Give the target that a name means.

    Args:
        name: a core, or "here" for this machine.
        found: this machine's processor; None to read it.

    Raises:
        InputError: no such core.
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
    """Read a budget of time, such as 5ms, 800us or 0.01s, in milliseconds.

    Raises:
        InputError: it is no time above zero.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(us|µs|ms|s|)\s*", text)
    value = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not value:
        raise InputError(f"--budget {text}: give a time above zero, such as 5ms")
    return value


def options(on: Target, head: str) -> list[Option]:
    """Give every shipped file with these labels on a target, the fastest first.

    Raises:
        InputError: no such labels, or no card has figures for the target.
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
            f"no card says what a model takes on {on.name}: count the files with "
            f"`fer-edge bench zoo:nano --count {on.core}`"
        )
    return sorted(found, key=lambda option: option.ms)


def choose(given: Sequence[Option], budget_ms: float = BUDGET_MS) -> Option | None:
    """Choose the most accurate option within a budget, the faster one of nearly equal ones.

    Args:
        given: options on one target.
        budget_ms: most that one face may take, in milliseconds.

    Returns:
        None where none fits.
    """
    fitting = [option for option in given if option.ms <= budget_ms]
    best = max((option.val_top1 for option in fitting), default=0.0)
    equal = [option for option in fitting if option.val_top1 >= best - EQUAL]
    return min(equal, key=lambda option: (option.ms, option.size), default=None)


def default_model(found: Processor | None = None, head: str = CAMERA_HEAD) -> str:
    """Name the model for this machine where the user names none.

    That is what `choose` gives for this machine, or `registry.DEFAULT` where the cards have nothing
    that applies, or nothing that fits.

    Args:
        found: this machine's processor; None to read it.
        head: the labels.
    """
    try:
        option = choose(options(target(HERE, found), head))
    except InputError:
        option = None
    return option.model if option else f"{registry.PREFIX}{registry.DEFAULT}/{head}_int8"


def _option(name: str, file: dict[str, Any], card: dict[str, Any], on: Target) -> Option | None:
    """Put together what a card says of a file on a target; None where it says nothing."""
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
    """Give the card's p50 in microseconds; without an int8 dot product, that of the float32 twin.

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
