"""Index of a folder of shards."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from device.errors import InputError

INDEX = "index.json"
HELD_OUT = "held_out.npz"


class Shard(BaseModel):
    """One TFRecord file.

    Attributes:
        name: file name.
        leaked: whether the images are also in val or test.
        images: number of images.
        size: file size in bytes.
        sha256: SHA-256 (hex) of the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[\w.-]{1,200}\.tfrecord$")
    leaked: bool
    images: int = Field(ge=1)
    size: int = Field(ge=1)
    sha256: str


class Index(BaseModel):
    """Content of a folder of shards.

    Attributes:
        format: constant format identifier.
        digest: SHA-256 (hex) over the shards, the held-out file and the label names.
        label_names: classes, in the order of the labels.
        labeled: whether any training image has a label.
        voted: whether any training image has FER+ votes.
        leaks: leak detection method: "near" (correlation) or "exact" (equal pixels).
        counts: number of training images by class and `unlabeled`, leaked ones separately.
        provenance: source of the data set.
        shards: list of the files.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["fer-edge shards 1"] = "fer-edge shards 1"
    digest: str
    label_names: tuple[str, ...] = Field(min_length=2)
    labeled: bool
    voted: bool
    leaks: Literal["exact", "near"]
    counts: dict[str, dict[str, int]]
    provenance: dict[str, Any]
    shards: tuple[Shard, ...] = Field(min_length=1)

    def files(self, folder: Path, *, leaked: bool) -> list[Path]:
        """Return the shards for a training.

        Args:
            folder: folder of the shards.
            leaked: whether to include images that are also in val or test.
        """
        return [folder / shard.name for shard in self.shards if leaked or not shard.leaked]

    def images(self, *, leaked: bool) -> int:
        """Return the number of training images."""
        return sum(shard.images for shard in self.shards if leaked or not shard.leaked)


def is_shards(path: Path) -> bool:
    """Return whether a path is a folder of shards."""
    return path.is_dir() and (path / INDEX).is_file()


def digest(shards: Sequence[Shard], held_out: str, label_names: Sequence[str]) -> str:
    """Return the SHA-256 (hex) of a folder of shards, computed from the digests of its files."""
    parts = [held_out, *(shard.sha256 for shard in shards), *label_names]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def read(folder: Path) -> Index:
    """Read the index and check that all files exist with their full length.

    Records have checksums that are verified when they are read.

    Raises:
        InputError: the index is missing or damaged, or a file is missing or incomplete.
    """
    path = folder / INDEX
    try:
        index = Index.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"{folder}: not a folder of shards ({error.strerror}): create one with "
            "`fer-edge data shards`"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "JSON"
        raise InputError(
            f"{path}: damaged or of another version ({where}: {first['msg']}): recreate the shards "
            "with `fer-edge data shards`"
        ) from error
    for shard in index.shards:
        file = folder / shard.name
        found = file.stat().st_size if file.is_file() else None
        if found != shard.size:
            state = "missing" if found is None else f"{found:,} bytes long, not {shard.size:,}"
            raise InputError(f"{file}: is {state}: copy the file again or recreate the shards")
    if not (folder / HELD_OUT).is_file():
        raise InputError(f"{folder / HELD_OUT}: is missing (val and test): copy it again")
    return index
