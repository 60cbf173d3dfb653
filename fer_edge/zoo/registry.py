"""The models that ship with fer-edge, each in its own folder with its card."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.errors import InputError

PREFIX = "zoo:"
NAMES = ("nano", "small", "base")
DEFAULT = "base"
"""The model that `bench` measures by default."""

PRUNED = "-pruned"
"""Suffix of the models that recipe `lean` made of the others, with fewer channels."""

MODELS = tuple(name + suffix for name in NAMES for suffix in (PRUNED, ""))
"""All models, the smallest first."""

SOURCE_ONLY = (f"base{PRUNED}",)
"""Models that the wheel leaves out to stay under 5 MB (pyproject.toml, `package-data`)."""

TEACHER = f"{PREFIX}teacher"
"""The teacher of the shipped models, as weights only: it is too large to run on a device."""

HOME = Path(__file__).parent

DIGESTS = HOME / "SHA256SUMS"
"""Digests of all published files, also of those that stand in a source checkout alone."""


@dataclass(frozen=True)
class ZooModel:
    """A model of the zoo.

    Attributes:
        name: name of the model.
        folder: folder of its `.tflite` files, float weights and cards.
    """

    name: str
    folder: Path

    @property
    def card(self) -> dict[str, Any]:
        """The content of `card.json`.

        Raises:
            InputError: the card is missing.
        """
        path = self.folder / "card.json"
        try:
            card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(f"{path} is missing: install fer-edge again") from error
        return card

    @property
    def weights(self) -> Path:
        """Weights of the float net.

        Raises:
            InputError: this installation has none.
        """
        path = self.folder / "float.npz"
        if not path.is_file():
            raise InputError(
                f"{path} is missing: weights stand in a source checkout alone, not in the wheel; "
                "run fer-edge from one"
            )
        return path

    @property
    def files(self) -> list[Path]:
        """The `.tflite` files."""
        return sorted(self.folder.glob("*.tflite"))


def list_models() -> list[ZooModel]:
    """The models of the zoo that this installation has, the smallest first.

    Raises:
        InputError: this installation has no models.
    """
    models = [ZooModel(n, HOME / n) for n in MODELS if (HOME / n / "card.json").is_file()]
    if not models:
        raise InputError(f"{HOME} holds no models: install fer-edge again")
    return models


def find(name: str) -> ZooModel:
    """Find a model of the zoo.

    Args:
        name: one of `MODELS`.

    Raises:
        InputError: unknown model, or one that this installation lacks.
    """
    base, wild, _ = name.partition("-wild")
    if wild and base in MODELS:
        raise InputError(
            f"{PREFIX}{name} does not ship, as its photos are licensed for research only: train it "
            f"with fer-edge pipeline wild --init {PREFIX}{base} --data fer2013.npz, see "
            "docs/several-sets.md"
        )
    if name not in MODELS:
        raise InputError(
            f"no model {PREFIX}{name}: the zoo has {', '.join(NAMES)}, also as NAME{PRUNED}"
        )
    model = ZooModel(name, HOME / name)
    if not (model.folder / "card.json").is_file():
        if name in SOURCE_ONLY:
            raise InputError(f"{PREFIX}{name} stands in a source checkout alone, not in the wheel")
        raise InputError(f"{HOME} lacks {name}: install fer-edge again")
    return model


def teacher_weights() -> Path:
    """The weights file of the shipped teacher.

    Raises:
        InputError: this installation has none.
    """
    path = HOME / "teacher" / "float.npz"
    if not path.is_file():
        raise InputError(
            f"{path} is missing: the teacher is part of a source checkout, not of the wheel; "
            "run fer-edge from a checkout, or omit --teacher to train the recipe's own"
        )
    return path
