"""Files of `--map`: TOML descriptions that come with the package, or of one's own."""

import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from device.errors import InputError
from device.system.validation import explain
from fer_edge.section import Section

S = TypeVar("S", bound=Section)


def names(folder: Traversable) -> list[str]:
    """Names of the maps in a folder of the package."""
    files = (file.name for file in folder.iterdir())
    return sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml"))


def load(name: str, section: type[S], folder: Traversable) -> S:
    """Load a map by name, or from the user's own file.

    Args:
        name: one of `names`, or path of a `.toml`.
        section: model of the map.
        folder: folder of the maps that come with the package.

    Raises:
        InputError: there is no such map, or it is not valid.
    """
    if name.endswith(".toml"):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            raise InputError(f"--map {name}: cannot be read ({reason})") from error
    elif name in (known := names(folder)):
        text = folder.joinpath(f"{name}.toml").read_text(encoding="utf-8")
    else:
        raise InputError(f"--map {name}: give one of {', '.join(known)}, or your own .toml file")
    try:
        return section.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise InputError(f"--map {name}: {explain(error, section, 'map')}") from error
    except (ValueError, RecursionError) as error:  # also for integers of thousands of digits
        raise InputError(f"--map {name}: is not TOML ({error})") from error
