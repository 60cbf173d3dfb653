"""Reads the metadata of a data file without its images (83 MB for FER2013)."""

from dataclasses import dataclass
from pathlib import Path

from fer_edge.data.dataset import open_archive
from fer_edge.data.shards import index


@dataclass(frozen=True)
class Contents:
    """Metadata of a data file.

    Attributes:
        digest: SHA-256 (hex) stated in the file; `dataset.load` checks it.
        label_names: class names, in the order of the labels.
        labeled: whether any image has a label.
        voted: whether any image has FER+ votes.
    """

    digest: str
    label_names: tuple[str, ...]
    labeled: bool
    voted: bool


def read(path: Path) -> Contents:
    """Read the contents of a `.npz` of `data prepare`, or of a folder of `data shards`.

    Raises:
        InputError: the file is missing, damaged, or not a data file.
    """
    if index.is_shards(path):
        found = index.read(path)
        return Contents(found.digest, found.label_names, found.labeled, found.voted)
    with open_archive(path) as (file, meta):
        return Contents(
            digest=str(meta["digest"]),
            label_names=tuple(str(name) for name in file["label_names"]),
            labeled=bool((file["labels"] >= 0).any()),
            voted=bool(file["votes"].any()),
        )
