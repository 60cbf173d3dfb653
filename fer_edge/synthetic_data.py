"""The embedded default: a run without --data makes itself a set of synthetic faces."""

from pathlib import Path

from fer_edge.recipe import Recipe


def faces(recipe: Recipe, folder: Path) -> Path:
    """Give the run's own synthetic faces, made on the first call.

    Args:
        recipe: says how many; its seed draws them.
        folder: of the run.

    Returns:
        The `.npz`, in `folder/data/`.
    """
    from fer_edge.data import synthetic

    count = recipe.data.synthetic_per_class
    path = folder / "data" / f"synthetic_{count}_{recipe.seed}.npz"
    if not path.exists():
        synthetic.generate(count, seed=recipe.seed).save(path)
        synthetic.contact_sheet(path.with_name("contact_sheet.png"), seed=recipe.seed)
    return path
