"""The search space: nets similar to a recipe's, in widths that suit the kernels."""

import hashlib
import itertools
import json
from dataclasses import dataclass
from typing import Any, Protocol

from fer_edge.models.mobilenet import MobileNet, Stage, Stem

MULTIPLE = 16
"""Widths are multiples of this: XNNPACK's int8 kernels compute 16 output channels at a time on a
Cortex-A53 and A76, and read 16 input channels at a time on an A72 (docs/count.md)."""

KERNELS = (3, 5)
EXPANSIONS = (1.0, 4.0)
_EXPANSION_STEP = 0.5
_MORE_BLOCKS = 2
_MOST_HALVINGS = 4  # of 48 pixels: 3 remain
_NAMES = ("stem", "stages", "features")  # fields that define an architecture


class Trial(Protocol):
    """Interface for drawing values, implemented by `optuna.Trial`."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        """Draw an integer."""

    def suggest_float(self, name: str, low: float, high: float, *, step: float) -> float:
        """Draw a number."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Draw one of the choices."""


@dataclass(frozen=True)
class Space:
    """The nets similar to a recipe's: other widths, depths, expansions, kernels and strides.

    Widths range from half of the recipe's to one and a half times; the blocks of a stage from one
    to two more than the recipe's; expansions from 1 to 4; depthwise kernels are 3x3 or 5x5. Strides
    may move to other layers, with as many halvings as in the recipe or one more.

    Attributes:
        base: the recipe's net.
    """

    base: MobileNet

    def draw(self, trial: Trial) -> MobileNet:
        """Draw a net."""
        strides = _read(trial.suggest_categorical("strides", self.strides))
        stem = []
        for number, part in enumerate(self.base.stem):
            width = _width(trial, f"stem{number}_width", part.width)
            stem.append(Stem(width=width, stride=strides[number]))
        before, stages = stem[-1].width, []
        for number, stage in enumerate(self.base.stages):
            name = f"stage{number}"
            width = _width(trial, f"{name}_width", stage.width)
            repeats = trial.suggest_int(f"{name}_repeats", 1, stage.repeats + _MORE_BLOCKS)
            expansion = trial.suggest_float(f"{name}_expansion", *EXPANSIONS, step=_EXPANSION_STEP)
            inputs = [before, *[width] * (repeats - 1)]
            inside = tuple(_rounded(expansion * n) for n in inputs) if expansion > 1 else ()
            changes = {
                "width": width,
                "repeats": repeats,
                "expansion": expansion,
                "inside": inside,
                "kernel": trial.suggest_categorical(f"{name}_kernel", KERNELS),
                "stride": strides[len(stem) + number],
            }
            stages.append(Stage(**stage.model_dump() | changes))
            before = width
        features = _width(trial, "features", self.base.features)
        return self.base.model_copy(
            update={"stem": tuple(stem), "stages": tuple(stages), "features": features}
        )

    @property
    def strides(self) -> tuple[str, ...]:
        """Choices of the strides of stem and stages, as "2-1-2-2"; the first convolution halves."""
        own = self._own_strides
        halvings = min(own.count(2), _MOST_HALVINGS)
        allowed = {halvings, min(halvings + 1, _MOST_HALVINGS)}
        rest = itertools.product((1, 2), repeat=len(own) - 1)
        found = [(2, *each) for each in rest]
        return tuple("-".join(map(str, each)) for each in found if each.count(2) in allowed)

    @property
    def _own_strides(self) -> list[int]:
        stem = [part.stride for part in self.base.stem]
        return stem + [stage.stride for stage in self.base.stages]

    @property
    def start(self) -> dict[str, Any]:
        """The parameters of the recipe's own net, rounded to the widths of the space."""
        own = "-".join(map(str, self._own_strides))
        found: dict[str, Any] = {"features": _rounded(self.base.features)}
        if own in self.strides:
            found["strides"] = own
        for number, part in enumerate(self.base.stem):
            found[f"stem{number}_width"] = _rounded(part.width)
        before = self.base.stem[-1].width
        for number, stage in enumerate(self.base.stages):
            name = f"stage{number}"
            inside = stage.expanded(
                stage.repeats - 1, before if stage.repeats == 1 else stage.width
            )
            inputs = before if stage.repeats == 1 else stage.width
            ratio = 1.0 if inside is None else inside / inputs
            steps = round(ratio / _EXPANSION_STEP) * _EXPANSION_STEP
            found |= {
                f"{name}_width": _rounded(stage.width),
                f"{name}_repeats": stage.repeats,
                f"{name}_expansion": min(max(steps, EXPANSIONS[0]), EXPANSIONS[1]),
            }
            if stage.kernel in KERNELS:
                found[f"{name}_kernel"] = stage.kernel
            before = stage.width
        return found


def digest(net: MobileNet) -> str:
    """Identifier of an architecture: 16 hexadecimal digits, equal for nets with the same layers."""
    values = {name: value for name, value in net.model_dump().items() if name in _NAMES}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def describe(net: MobileNet) -> str:
    """Describe a net as in docs/search.csv: stem | stages as width x blocks | features."""
    stem = ",".join(str(part.width) + "s2" * (part.stride == 2) for part in net.stem)
    stages = []
    for stage in net.stages:
        text = f"{stage.width}x{stage.repeats} e{stage.expansion:g}"
        stages.append(
            text + f" k{stage.kernel}" * (stage.kernel != 3) + " s2" * (stage.stride == 2)
        )
    return f"{stem} | {', '.join(stages)} | {net.features}"


def _width(trial: Trial, name: str, own: int) -> int:
    low = max(MULTIPLE, _rounded(own / 2))
    return trial.suggest_int(name, low, max(low, _rounded(1.5 * own)), step=MULTIPLE)


def _rounded(width: float) -> int:
    """The nearest multiple; the larger one of two equally near ones."""
    return max(MULTIPLE, int(width / MULTIPLE + 0.5) * MULTIPLE)


def _read(strides: str) -> list[int]:
    return [int(each) for each in strides.split("-")]
