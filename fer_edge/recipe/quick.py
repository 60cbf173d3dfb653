"""The smoke run of a recipe: every stage on real data, in minutes."""

from typing import Any

from fer_edge.recipe.sections import Recipe
from fer_edge.recipe.training_sections import Phase

TRAINING_IMAGES = 2000


def quick(recipe: Recipe) -> Recipe:
    """Shorten a recipe so that all stages run in minutes; the results are meaningless.

    Trains two epochs on 2,000 images and compresses for one epoch each, without a teacher (faces
    without labels are mixed in and teach nothing), exports float32 and int8, and benchmarks for
    three rounds. The tolerances of `verify` are widened, since a barely trained net is undecided
    between classes.

    Args:
        recipe: recipe to shorten; its name gets the suffix "-quick".
    """
    limit = min(recipe.data.limit or TRAINING_IMAGES, TRAINING_IMAGES)
    changes: dict[str, Any] = {
        "name": f"{recipe.name}-quick",
        "teacher": None,
        "data": recipe.data.model_copy(update={"limit": limit}),
        "train": _shorter(recipe.train, epochs=2, small_epochs=0),
        "export": recipe.export.model_copy(
            update={
                "precisions": tuple(p for p in recipe.precisions if p in ("float32", "int8"))
                or recipe.precisions[:1]
            }
        ),
        "bench": recipe.bench.model_copy(update={"rounds": min(recipe.bench.rounds, 3)}),
    }
    if recipe.channels:
        changes["channels"] = _shorter(recipe.channels, epochs=1, steps=1, recovery=0)
    if recipe.prune:
        changes["prune"] = _shorter(recipe.prune, epochs=1)
    if recipe.cluster:
        changes["cluster"] = _shorter(recipe.cluster, epochs=1)
    if recipe.quantize:
        wide = {"max_disagreement": 0.5, "max_difference": 0.5}
        changes["quantize"] = _shorter(recipe.quantize, epochs=1, **wide)
    return recipe.model_copy(update=changes)


def _shorter(section: Phase, **changes: Any) -> Phase:
    return section.model_copy(update={"restarts": (), **changes})
