"""The heads of a run's net: those of its recipe for which the data has targets."""

import logging
from functools import cache
from typing import Any

from device.errors import InputError
from fer_edge.data.contents import Contents
from fer_edge.recipe import Recipe

logger = logging.getLogger(__name__)


def with_targets(recipe: Recipe, contents: Contents) -> Recipe:
    """Remove heads for which the data has no targets, with a warning for each.

    Args:
        recipe: recipe of the run.
        contents: contents of the data file.

    Raises:
        InputError: no head is left.
    """
    missing = {}
    if not contents.voted:
        missing["ferplus"] = "FER+ votes (`data prepare --ferplus fer2013new.csv` adds them)"
    if not contents.labeled:
        missing["fer2013"] = "labels"
    heads = tuple(head for head in recipe.model.heads if head not in missing)
    if heads == recipe.model.heads:
        return recipe
    if not heads:
        lacks = " and ".join(missing[head] for head in recipe.model.heads)
        raise InputError(
            f"recipe {recipe.name} has the heads {', '.join(recipe.model.heads)}, and the data has "
            f"no {lacks}"
        )
    for head in recipe.model.heads:
        if head in missing:
            _warn(f"the data has no {missing[head]}: the head {head} is removed")
    changes: dict[str, Any] = {"model": recipe.model.model_copy(update={"heads": heads})}
    # Blending needs both heads.
    changes["train"] = recipe.train.model_copy(update={"ferplus_share": 0.0})
    if recipe.adjust:
        changes["adjust"] = recipe.adjust.model_copy(update={"ferplus_blend": 0.0})
    return recipe.model_copy(update=changes)


@cache  # a student and its teacher remove the same heads: one line
def _warn(message: str) -> None:
    logger.warning("%s", message)
