"""Resolves `--data`: a prepared `.npz`, a source to be prepared, or None for synthetic faces."""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from device.errors import InputError
from device.geometry import MARGIN
from fer_edge.data import pictures
from fer_edge.data.dataset import Dataset
from fer_edge.data.shards import index
from fer_edge.data.tree import READ_BUFFER, Tree
from fer_edge.recipe import Data, Recipe

HELD_OUT = 0.15
"""Share of each class to hold out as test, and then as val, for data without splits."""


def resolve_data(data: Path | None, recipe: Recipe, folder: Path, *, labeled: bool = True) -> Path:
    """Give the `.npz` file or folder of shards that a run trains on, preparing it if needed.

    A folder, table or archive is prepared on the first call, in the folder of the run; notes are
    printed to standard error. Later calls reuse the file unless the content of the source has
    changed. Missing splits of labeled data are held out of train. Of pictures whose labels are not
    read, the faces are found and cropped as the runner crops them.

    Args:
        data: path given by the user; None for synthetic faces.
        recipe: recipe with the number of synthetic faces and the RNG seed.
        folder: folder of the run.
        labeled: whether the labels are read.

    Raises:
        InputError: the source cannot be read, or holds no face.
    """
    if data is None:
        return synthetic_faces(recipe, folder)
    if data.suffix == ".npz" or not data.exists() or index.is_shards(data):
        return data  # validated when it is loaded
    tree = Tree(data)
    find_faces = not labeled and any(pictures.is_picture(name) for name in tree.names)
    name = data.resolve().stem + ("-unlabeled" if find_faces else "")
    path = folder / "data" / f"{name}-{source_digest(tree)[:12]}.npz"
    if not path.exists():
        dataset, notes = _found_faces(tree) if find_faces else _prepared(data, recipe)
        dataset.save(path)
        for note in notes:
            print(note, file=sys.stderr)
    return path


def _prepared(data: Path, recipe: Recipe) -> tuple[Dataset, list[str]]:
    from fer_edge.data.prepare import notes, prepare

    dataset = prepare(data, missing_fraction=HELD_OUT, seed=recipe.seed)
    return dataset, notes(dataset)


def _found_faces(tree: Tree) -> tuple[Dataset, list[str]]:
    from fer_edge.data import unlabeled

    found = unlabeled.read(tree, margin=MARGIN)
    return found.dataset(tree.source.resolve().stem), [f"{tree.source}: {found.summary}"]


def source_digest(tree: Tree) -> str:
    """SHA-256 (hex) over names and contents of a source's files.

    Raises:
        InputError: a table cannot be read. For an unreadable image only the name is hashed.
    """
    digest = hashlib.sha256()
    for name in tree.names:
        content = hashlib.sha256()
        try:
            with tree.open(name) as stream:
                while block := stream.read(READ_BUFFER):
                    content.update(block)
        except InputError:
            if not pictures.is_picture(name):
                raise
        digest.update(f"{content.hexdigest()} {name}\n".encode())
    return digest.hexdigest()


def with_sources(
    recipe: Recipe, further: Sequence[Path], shares: Sequence[float], folder: Path
) -> Recipe:
    """Add further sets to a recipe's `[data.sources]`, and prepare those that are not `.npz` files.

    Args:
        recipe: recipe of the run.
        further: additional training sets, each named after its file or folder.
        shares: shares of each batch: one per set, or one for all of them together, divided evenly,
            or none for the default.
        folder: folder of the run.

    Raises:
        InputError: wrong number of shares, two sets with the same name, or a share out of range.
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
            raise InputError(f"--data {path}: there is already a source {name}: rename one")
        source |= {"path": path} | ({"share": shares[i]} if shares else {})
    for name, source in sources.items():
        if source["path"] is None:
            raise InputError(f"data.sources.{name} has no path: give it one, or --data {name}")
    for source in sources.values():
        labeled = source.get("trust") != 0
        source["path"] = resolve_data(source["path"], recipe, folder, labeled=labeled)
        if index.is_shards(source["path"]):
            raise InputError(
                f"{source['path']}: only the first --data may be shards; further sets are held in "
                "memory: give the .npz"
            )
    try:
        data = Data.model_validate(recipe.data.model_dump() | {"sources": sources})
    except ValidationError as error:
        raise InputError(f"data.sources: {error.errors()[0]['msg']}") from error
    return recipe.model_copy(update={"data": data})


def synthetic_faces(recipe: Recipe, folder: Path) -> Path:
    """Generate the run's synthetic faces on the first call.

    Args:
        recipe: recipe with the number of faces (`data.synthetic_per_class`) and the RNG seed.
        folder: folder of the run.

    Returns:
        Path of the `.npz` file, in `folder/data/`.
    """
    from fer_edge.data import synthetic

    count = recipe.data.synthetic_per_class
    path = folder / "data" / f"synthetic_{count}_{recipe.seed}.npz"
    if not path.exists():
        synthetic.generate(count, seed=recipe.seed).save(path)
        synthetic.contact_sheet(path.with_name("contact_sheet.png"), seed=recipe.seed)
    return path
