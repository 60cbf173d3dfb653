"""The command that makes a run again, for the card of a published model."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from device.errors import InputError
from fer_edge import recipe as recipes
from fer_edge.pipeline import initial_weights


def training_command(
    run: Path, made_with: dict[str, Any], recipe: str | None = None, init: str | None = None
) -> str:
    """Return the command that makes a run.

    Args:
        run: folder of the run.
        made_with: content of the run's recipe, with its `--set`.
        recipe: recipe before its `--set`; None if it is the recipe of the model's name.
        init: the run's `--init`; None if there was none.

    Raises:
        InputError: the run did not start from the weights of `init`.
    """
    words = ["fer-edge", "pipeline", recipe or made_with["name"]]
    model = None
    if init:
        found = initial_weights.find(init)
        stage = json.loads((run / "train" / "stage.json").read_text(encoding="utf-8"))
        if stage["settings"].get("init") != found.digest:
            raise InputError(f"{run} did not start from {init}: give its --init")
        words += ["--init", init]
        model = found.section
    original = recipes.load(words[2], model=model).model_dump(mode="json")
    for change in _differences(original, made_with):
        words += ["--set", change]
    return shlex.join([*words, "--data", "fer2013.npz"])


def _differences(original: Any, changed: Any, key: str = "") -> Iterator[str]:
    """Yield `KEY=VALUE` for each value of a recipe that differs, except what a machine decides."""
    if key.endswith("bfloat16") or key == "description" or original == changed:
        return
    if isinstance(original, dict) and isinstance(changed, dict):
        for name in changed:
            below = f"{key}.{name}" if key else name
            yield from _differences(original.get(name), changed[name], below)
    else:
        yield f"{key}={changed if isinstance(changed, str) else json.dumps(changed)}"
