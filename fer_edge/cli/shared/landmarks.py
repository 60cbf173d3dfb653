"""The model of landmarks that `run`, `serve` and `predict` take."""

from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import InputError
from fer_edge.cli.shared.options import Alignment

if TYPE_CHECKING:
    from device.faces.locate import Locator

SHIPPED = "zoo:landmarks"


def resolve(model: str) -> Path:
    """The file that `--landmarks` names: a path, or the one that ships."""
    from fer_edge import zoo

    if model == SHIPPED:
        return zoo.HOME / "landmarks" / "landmarks_int8.tflite"
    if model.startswith(zoo.PREFIX):
        raise InputError(f"--landmarks {model}: give {SHIPPED} or a .tflite file")
    return Path(model)


def open_locator(model: str | None, align: Alignment, *, threads: int) -> "Locator | None":
    """Load the model, if one is given.

    Raises:
        InputError: the file is missing or no model of landmarks, or faces are to be framed by
            landmarks without one.
    """
    if model is None:
        if align is Alignment.landmarks:
            raise InputError(f"--align landmarks needs --landmarks, such as {SHIPPED}")
        return None
    from device.faces.landmarks import LandmarkModel
    from device.faces.locate import Locator

    found = LandmarkModel(resolve(model), threads=threads)
    return Locator(found, align=align is Alignment.landmarks)
