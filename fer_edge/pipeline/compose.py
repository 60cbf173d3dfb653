"""Composes a run from what the user named, and refuses before any work what would fail later."""

from collections.abc import Sequence
from pathlib import Path

from fer_edge import recipe as recipes
from fer_edge.data import source
from fer_edge.pipeline import initial_weights, instructions
from fer_edge.pipeline.run import Run


def compose(
    recipe: str | None = None,
    data: Sequence[Path] = (),
    out: Path | None = None,
    *,
    overrides: Sequence[str] = (),
    teacher: str | None = None,
    init: str | None = None,
    shares: Sequence[float] = (),
    quick: bool = False,
) -> Run:
    """Load the recipe, prepare the data and check what later stages need.

    Args:
        recipe: name of a recipe or path of a `.toml`; "demo", or "finetune" with `init`, if None.
        data: prepared `.npz` files, or anything that `fer-edge data prepare` reads: the set whose
            splits select and test, then sets that train beside it; generated faces if empty.
        out: folder of the run; `runs/RECIPE` if None.
        overrides: other values for the recipe, as `section.key=value`.
        teacher: folder of a teacher's run, or `zoo:teacher`.
        init: start from the weights of `zoo:NAME` or of the run in this folder.
        shares: shares of each batch that the further sets make; see `source.with_sources`.
        quick: shorten every stage to a smoke run.

    Raises:
        InputError: wrong recipe, data or option; a teacher with other data; nothing to count
            instructions with where channels are pruned by them.
    """
    model = initial_weights.find(init).section if init else None
    chosen = recipes.load(recipe or ("finetune" if init else "demo"), overrides, model=model)
    if quick:
        chosen = recipes.quick(chosen)
    if chosen.teacher and not chosen.teacher.nets:
        recipes.of_teacher(chosen, chosen.teacher)
    if chosen.channels is not None:
        instructions.find_core(chosen.channels.target)
    folder = out or Path("runs") / chosen.name
    faces = source.resolve_data(data[0] if data else None, chosen, folder)
    chosen = source.with_sources(chosen, data[1:], shares, folder)
    return Run(chosen, faces, folder, teacher, init)
