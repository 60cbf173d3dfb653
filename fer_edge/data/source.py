"""What `--data` may be: a prepared `.npz`, a folder or table that is prepared now, or nothing."""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from device.errors import InputError
from fer_edge.data import pictures
from fer_edge.data.tree import READ_BUFFER, Tree
from fer_edge.recipe import Data, Recipe

HELD_OUT = 0.15
"""Share of each class that becomes test, and then val, of data that comes without splits."""


def resolve_data(data: Path | None, recipe: Recipe, folder: Path) -> Path:
    """Give the `.npz` that a run trains on.

    A folder, table or archive is prepared on the first call, beside the run's other files; splits
    that it lacks are held out of train, and what was left out is printed on standard error. A later
    call finds what the first one made, unless the content of the source has changed.

    Args:
        data: as the user gave it; None for synthetic faces.
        recipe: says how many synthetic faces, and seeds what is held out.
        folder: of the run.

    Raises:
        InputError: the source cannot be read.
    """
    if data is None:
        return synthetic_faces(recipe, folder)
    if data.suffix == ".npz" or not data.exists():
        return data  # whoever loads it says what is wrong with it
    from fer_edge.data.prepare import notes, prepare

    tree = Tree(data)
    path = folder / "data" / f"{data.resolve().stem}-{source_digest(tree)[:12]}.npz"
    if not path.exists():
        dataset = prepare(data, missing_fraction=HELD_OUT, seed=recipe.seed)
        dataset.save(path)
        for note in notes(dataset):
            print(note, file=sys.stderr)
    return path


def source_digest(tree: Tree) -> str:
    """SHA-256 (hex) over the names and the content of a source's files.

    Raises:
        InputError: a table cannot be read. Of a picture that cannot, the name alone counts.
    """
    digest = hashlib.sha256()
    for name in tree.names:
        content = hashlib.sha256()
        try:
            with tree.open(name) as stream:
                while block := stream.read(READ_BUFFER):
                    content.update(block)
        except InputError:
            if not name.lower().endswith(pictures.SUFFIXES):
                raise
        digest.update(f"{content.hexdigest()} {name}\n".encode())
    return digest.hexdigest()


def with_sources(
    recipe: Recipe, further: Sequence[Path], shares: Sequence[float], folder: Path
) -> Recipe:
    """Add further sets to a recipe's `[data.sources]`, and prepare those that are no `.npz` yet.

    Args:
        recipe: of the run.
        further: sets that train beside the first, each named after its file or folder.
        shares: of each batch, one a set; one for all of them together, divided evenly; or none,
            for the default.
        folder: of the run.

    Raises:
        InputError: another number of shares, two sets of one name, or a share out of range.
    """
    sources = {name: source.model_dump() for name, source in recipe.data.sources.items()}
    if len(shares) == 1:
        shares = [shares[0] / max(len(further), 1)] * len(further)
    if shares and len(shares) != len(further):
        raise InputError(
            f"--share: give one for all further --data together, or one for each: {len(further)}"
        )
    for i, path in enumerate(further):
        name = path.resolve().stem
        source = sources.setdefault(name, {"path": None})
        if source["path"] is not None:
            raise InputError(f"--data {path}: there is a source {name} already: rename one")
        source |= {"path": path} | ({"share": shares[i]} if shares else {})
    for name, source in sources.items():
        if source["path"] is None:
            raise InputError(f"data.sources.{name} has no path: give it one, or --data {name}")
    for source in sources.values():
        source["path"] = resolve_data(source["path"], recipe, folder)
    try:
        data = Data.model_validate(recipe.data.model_dump() | {"sources": sources})
    except ValidationError as error:
        raise InputError(f"data.sources: {error.errors()[0]['msg']}") from error
    return recipe.model_copy(update={"data": data})


def synthetic_faces(recipe: Recipe, folder: Path) -> Path:
    """Generate the run's synthetic faces on the first call.

    Args:
        recipe: `data.synthetic_per_class` is the number of faces, `seed` the RNG seed.
        folder: folder of the run.

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
