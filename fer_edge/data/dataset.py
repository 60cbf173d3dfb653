"""The data set format written by `data prepare`: labeled faces in one `.npz` file."""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import InputError
from device.system.atomic_file import replacing
from fer_edge.data import limits

SPLITS = ("train", "val", "test")
"""Names of the splits; `Dataset.split` holds indices into this."""

FORMAT_VERSION = 1

VOTE_COLUMNS = 10
"""Columns of FER+ votes: eight expressions, unknown, no face."""

_ARRAYS: dict[str, np.dtype[Any]] = {
    "images": np.dtype("u1"),
    "labels": np.dtype("<i2"),
    "split": np.dtype("u1"),
    "votes": np.dtype("u1"),
}
"""The arrays that the digest covers, in order, with their dtypes."""

_COLUMNS = ("names", "subjects", "rows")
"""The other columns."""

_ATTRIBUTE = "attribute:"
"""Start of an attribute's name in the file."""


@dataclass(frozen=True)
class Dataset:
    """Labeled faces, in the order of their source.

    Attributes:
        images: uint8 [n, height, width], gray 0..255.
        labels: int16 [n], index into `label_names`; -1 where an image has no label of its own
            (FER+ images whose votes name no FER2013 class).
        split: uint8 [n], index into SPLITS.
        votes: uint8 [n, 10], FER+ votes in the order of `fer2013new.csv` (the eight expressions,
            unknown, no face); all 0 where there are none.
        names: str [n], where each image came from: `fer2013.csv:17` (line) or a path.
        label_names: the classes, in the order of `labels`.
        provenance: where the set came from, as JSON types; `name` and `synthetic` always.
        subjects: str [n], the person on each image; all "" where they are unknown.
        attributes: str [n] by attribute, what a set says of each image or person: age, pose.
        rows: int64 [n], each image's row number in the whole file; counted from 0 when left out.
        file_digest: digest of the whole file that this is a part of; None for a set of its own.
    """

    images: np.ndarray
    labels: np.ndarray
    split: np.ndarray
    votes: np.ndarray
    names: np.ndarray
    label_names: tuple[str, ...]
    provenance: dict[str, Any]
    subjects: np.ndarray = field(default_factory=lambda: np.empty(0, np.str_))
    attributes: dict[str, np.ndarray] = field(default_factory=dict)
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    file_digest: str | None = None

    def __post_init__(self) -> None:
        if len(self.rows) == 0:
            object.__setattr__(self, "rows", np.arange(len(self.labels), dtype=np.int64))
        if len(self.subjects) == 0:
            object.__setattr__(self, "subjects", np.full(len(self.labels), ""))
        lengths = {len(getattr(self, name)) for name in (*_ARRAYS, *_COLUMNS)}
        lengths |= {len(values) for values in self.attributes.values()}
        if len(lengths) != 1 or self.images.ndim != 3 or self.images.dtype != np.uint8:
            raise ValueError("a dataset is uint8 [n, height, width] and n of everything else")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def synthetic(self) -> bool:
        """Whether the faces are synthetic."""
        return bool(self.provenance.get("synthetic", False))

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the file that this set was loaded from, else of its content."""
        return self.file_digest or content_digest(self)

    def only(self, *splits: str) -> "Dataset":
        """Select the images of the given splits, in unchanged order."""
        wanted = np.isin(self.split, [SPLITS.index(name) for name in splits])
        return self if wanted.all() else self.take(wanted)

    def without(self, rows: np.ndarray | Sequence[int]) -> "Dataset":
        """Leave out the images with these row numbers of the whole file."""
        return self.take(~np.isin(self.rows, rows))

    def take(self, index: np.ndarray) -> "Dataset":
        """Select images by positions or bool mask; row numbers and digest are unchanged."""
        columns = {name: getattr(self, name)[index] for name in (*_ARRAYS, *_COLUMNS)}
        attributes = {name: values[index] for name, values in self.attributes.items()}
        return replace(self, **columns, attributes=attributes, file_digest=self.digest)

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of images by split and class; images without a label count as `unlabeled`."""
        names = dict(enumerate(self.label_names)) | {-1: "unlabeled"}
        classes = range(-1 if (self.labels < 0).any() else 0, len(self.label_names))
        return {
            split: {
                names[label]: int(np.sum((self.split == number) & (self.labels == label)))
                for label in classes
            }
            for number, split in enumerate(SPLITS)
        }

    def save(self, path: str | Path) -> None:
        """Write the set to a file, atomically.

        The file is not compressed (FER2013 takes 83 MB): it loads in a tenth of a second.

        Raises:
            InputError: the file cannot be written.
        """
        meta = {
            "format_version": FORMAT_VERSION,
            "digest": self.digest if self.file_digest is None else content_digest(self),
            "provenance": self.provenance,
        }
        arrays: dict[str, Any] = {
            name: np.asarray(getattr(self, name), kind) for name, kind in _ARRAYS.items()
        }
        if (self.subjects != "").any():
            arrays["subjects"] = self.subjects.astype(np.str_)
        for name, values in self.attributes.items():
            arrays[_ATTRIBUTE + name] = values.astype(np.str_)
        with replacing(Path(path)) as partial, partial.open("wb") as handle:
            np.savez(
                handle,
                **arrays,
                names=self.names.astype(np.str_),
                label_names=np.array(self.label_names, np.str_),
                meta=np.array(json.dumps(meta, ensure_ascii=False)),
            )


def content_digest(dataset: Dataset) -> str:
    """SHA-256 (hex) over images, labels, split, votes and label names.

    Names, subjects, attributes and provenance are not in it: the same faces under other paths are
    the same data.
    """
    digest = hashlib.sha256()
    for name, kind in _ARRAYS.items():
        digest.update(np.ascontiguousarray(getattr(dataset, name), kind).data)
    digest.update("\n".join(dataset.label_names).encode())
    return digest.hexdigest()


def load(path: str | Path, splits: Sequence[str] = SPLITS) -> Dataset:
    """Read a file written by `Dataset.save` and verify its digest.

    Args:
        path: `.npz` file.
        splits: splits to keep; the digest remains that of the whole file.

    Raises:
        InputError: the file is missing, damaged, not a data file, or does not match its digest.
    """
    with open_archive(path) as (file, meta):
        for name, array in file.items():
            if array.dtype.hasobject:
                raise ValueError(f"{name} holds objects")
        columns = {name: file[name] for name in _ARRAYS}
        label_names = tuple(str(name) for name in file["label_names"])
        texts = {"names": file["names"]}
        if "subjects" in file:
            texts["subjects"] = file["subjects"]
        texts |= {name: file[name] for name in file.files if name.startswith(_ATTRIBUTE)}
        if fault := _fault(columns, texts, label_names):
            raise InputError(f"{path}: is not a valid data file: {fault}; prepare it again")
        dataset = Dataset(
            **columns,
            names=texts["names"],
            subjects=texts.get("subjects", np.empty(0, np.str_)),
            attributes={
                name.removeprefix(_ATTRIBUTE): values
                for name, values in texts.items()
                if name.startswith(_ATTRIBUTE)
            },
            label_names=label_names,
            provenance=_provenance(meta["provenance"]),
            file_digest=str(meta["digest"]),
        )
    if content_digest(dataset) != dataset.file_digest:
        raise InputError(
            f"{path}: the content does not match the digest in the file "
            f"({dataset.digest[:12]}): it was changed or damaged; prepare it again with "
            "`fer-edge data prepare`"
        )
    return dataset.only(*splits)


def read_digest(path: str | Path) -> str:
    """The digest stored in a data file, without reading its images; `load` verifies it.

    Raises:
        InputError: the file is missing, damaged, or something else.
    """
    with open_archive(path) as (_, meta):
        return str(meta["digest"])


@contextmanager
def open_archive(path: str | Path) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Open a data file: its arrays, which are read on access, and its metadata."""
    path = Path(path)
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is not a file; --data needs a .npz of `fer-edge data prepare`")
    try:
        with zipfile.ZipFile(path) as archive:
            limits.check_archive(path, archive.infolist())
        with np.load(path, allow_pickle=False) as file:
            meta = json.loads(str(file["meta"]))
            if meta["format_version"] != FORMAT_VERSION:
                raise InputError(
                    f"{path}: has format {meta['format_version']}, but this fer-edge reads "
                    f"{FORMAT_VERSION}; prepare it again with `fer-edge data prepare`"
                )
            yield file, meta
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; `fer-edge data prepare` makes one") from None
    except (*limits.DAMAGED, KeyError, TypeError, IndexError, AttributeError,
            RecursionError, MemoryError) as error:  # fmt: skip
        raise InputError(
            f"{path}: not a data file of `fer-edge data prepare`, or damaged ({error})"
        ) from error


def _provenance(meta: Any) -> dict[str, Any]:
    """Check the provenance, the part of the metadata that is read by key."""
    if not isinstance(meta, dict) or not isinstance(meta.get("name"), str):
        raise ValueError("its provenance has no name")
    return meta


def _fault(
    columns: dict[str, np.ndarray], texts: dict[str, np.ndarray], label_names: tuple[str, ...]
) -> str | None:
    """Describe why the arrays of a file are not a data set; None if they are."""
    for name, kind in _ARRAYS.items():
        if columns[name].dtype != kind:
            return f"{name} is {columns[name].dtype}, not {kind}"
    rows, shape = len(columns["labels"]), columns["images"].shape
    if len(shape) != 3 or not shape[1] == shape[2] > 0:
        return f"images is {list(shape)}, not [n, side, side]"
    if columns["votes"].shape[1:] != (VOTE_COLUMNS,):
        return f"votes is {list(columns['votes'].shape)}, not [n, {VOTE_COLUMNS}]"
    lengths = {name: len(array) for name, array in (*columns.items(), *texts.items())}
    if len(set(lengths.values())) != 1:
        return "its arrays differ in length (" + ", ".join(
            f"{name} {length}" for name, length in lengths.items()
        ) + ")"  # fmt: skip
    if not rows:
        return "it holds no images"
    if not label_names or len(set(label_names)) != len(label_names):
        return "its label names are none, or not distinct"
    for name, low, high in (("labels", -1, len(label_names) - 1), ("split", 0, len(SPLITS) - 1)):
        least, most = int(columns[name].min()), int(columns[name].max())
        if least < low or most > high:
            return f"{name} go from {least} to {most}, not within {low} to {high}"
    return None
