"""What the run folders of all modalities have in common."""

import json
from pathlib import Path
from typing import Any

from device.errors import InputError
from device.system.atomic_file import replacing
from fer_edge.section import Section

_NAME = "run.json"


def check_same(out: Path, recipe: Section, **inputs: Any) -> None:
    """Check that a run folder is resumed with the recipe and inputs that it was started with.

    Args:
        out: run folder; a new one records the recipe and inputs in `run.json`.
        recipe: training recipe.
        inputs: digests of the data and of other inputs, as JSON values.

    Raises:
        InputError: the folder contains a run of another recipe or other inputs.
    """
    path = out / _NAME
    wanted = {"recipe": recipe.model_dump(mode="json"), **inputs}
    if not path.is_file():
        with replacing(path) as partial:
            partial.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: choose another --out") from error
    if found != json.loads(json.dumps(wanted)):
        raise InputError(
            f"{out} contains a run of another recipe, model or data set: choose another --out"
        )
