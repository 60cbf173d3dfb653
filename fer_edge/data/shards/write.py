"""Writes shards in chunks, with images assigned to files at random."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.geometry import FACE_SIZE
from device.system.atomic_file import PARTIAL, make_folder
from fer_edge import __version__
from fer_edge.data import leaks, progress
from fer_edge.data.dataset import SPLITS, Dataset
from fer_edge.data.leaks import Leak, Leaks
from fer_edge.data.shards.index import HELD_OUT, INDEX, Index, Shard, digest
from fer_edge.data.shards.source import Source

PER_SHARD = 10_000
"""Default number of images per shard: 24 MB."""

MOST_SHARDS = 256
"""Maximum number of shards; all are open while they are written."""


def write(
    source: Source, out: Path, *, per_shard: int = PER_SHARD, seed: int = 0, force: bool = False
) -> Index:
    """Write a folder of shards; it appears atomically when it is complete.

    Training images that are also in val or test are written to a separate shard, so that trainings
    can exclude them.

    Args:
        source: data set.
        out: folder to create.
        per_shard: number of images per shard.
        seed: RNG seed of the assignment to shards.
        force: whether to replace an existing folder of shards.

    Raises:
        InputError: the source has an invalid image or lacks a split, images are not 48x48, or the
            folder cannot be written.
    """
    import tensorflow as tf

    partial = out.with_name(f"{PARTIAL}{out.name}")
    shutil.rmtree(partial, ignore_errors=True)  # left by a killed run
    make_folder(partial)
    try:
        index = _write(source, partial, per_shard, seed)
        (partial / INDEX).write_text(index.model_dump_json(indent=1) + "\n", encoding="utf-8")
        if force and out.exists():
            shutil.rmtree(out)
        partial.replace(out)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise InputError(f"{out}: cannot be written ({reason})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return index


def _write(source: Source, folder: Path, per_shard: int, seed: int) -> Index:
    held_out = _joined([*source.chunks("val"), *source.chunks("test")], source)
    held_out.save(folder / HELD_OUT)
    overlap = _Overlap(held_out, source.leaks)
    count = min(max(-(-source.count("train") // per_shard), 1), MOST_SHARDS)
    names = [f"train-{i:05}-of-{count:05}.tfrecord" for i in range(count)]
    files = [*names, "leaked-00000-of-00001.tfrecord"]
    random = np.random.default_rng(seed)
    images: Counter[str] = Counter()
    labels = {"train": Counter[int](), "leaked": Counter[int]()}
    voted = False
    with ExitStack() as stack:
        writers = _open_writers([folder / name for name in files], stack)
        advance = stack.enter_context(progress.bar("Writing shards", source.count("train")))
        for chunk in source.chunks("train"):
            _require_size(chunk)
            leaked = overlap.leaked(chunk)
            places = np.where(leaked, count, random.integers(0, count, len(chunk)))
            for row, place in enumerate(places.tolist()):
                writers[place].write(_record(chunk, row))
                images[files[place]] += 1
                labels["leaked" if leaked[row] else "train"][int(chunk.labels[row])] += 1
            voted |= bool(chunk.votes.any())
            advance(len(chunk))
    if not sum(labels["train"].values()):
        raise InputError("no training images remain: all are invalid or also in val or test")
    for name in files:
        if not images[name]:
            (folder / name).unlink()
    shards = [
        Shard(
            name=name,
            leaked=name.startswith("leaked"),
            images=images[name],
            size=(folder / name).stat().st_size,
            sha256=_sha256(folder / name),
        )
        for name in files
        if images[name]
    ]
    overlap.found().save(leaks.list_path(folder / HELD_OUT))
    return Index(
        digest=digest(shards, held_out.digest, source.label_names),
        label_names=source.label_names,
        labeled=any(label >= 0 for counts in labels.values() for label in counts),
        voted=voted,
        leaks="near" if source.leaks else "exact",
        counts={
            "train": _named(labels["train"], source),
            "leaked": _named(labels["leaked"], source),
        },
        provenance={**source.provenance(), "sharded_by": f"fer-edge {__version__}", "spread": seed},
        shards=tuple(shards),
    )


@dataclass
class _Overlap:
    """Finds training images that are also in val or test.

    Attributes:
        held_out: val and test images.
        known: near-duplicates of the source by its row numbers; None to search for equal pixels.
    """

    held_out: Dataset
    known: Leaks | None
    _twins: dict[int, Leak] = field(default_factory=dict)
    _trained: int = 0

    def __post_init__(self) -> None:
        hashes = map(_hash, self.held_out.images)
        self._rows: dict[bytes, list[int]] = {}
        for row, value in enumerate(hashes):
            self._rows.setdefault(value, []).append(row)

    def leaked(self, chunk: Dataset) -> NDArray[np.bool_]:
        """Return which training images of a chunk are also in val or test."""
        first = self._trained
        self._trained += len(chunk)
        if self.known is not None:
            return np.isin(chunk.rows, self.known.rows_to_drop_from_train)
        leaked = np.zeros(len(chunk), bool)
        for at, image in enumerate(chunk.images):
            for row in self._rows.get(_hash(image), ()):
                leaked[at] = True
                split, name = SPLITS[self.held_out.split[row]], str(self.held_out.names[row])
                twin = str(chunk.names[at])
                leak = Leak(row, split, name, first + at, "train", twin, 1.0)
                self._twins.setdefault(row, leak)
        return leaked

    def found(self) -> Leaks:
        """Return the held-out images that are also in train, by row in the held-out file."""
        found = [self._twins[row] for row in sorted(self._twins)]
        if self.known is not None:
            new_row = {int(old): new for new, old in enumerate(self.held_out.rows)}
            found = [
                leak._replace(row=new_row[leak.row])
                for leak in self.known.found
                if leak.row in new_row
            ]
        return Leaks(self.held_out.digest, leaks.THRESHOLD, tuple(found))


def _open_writers(paths: Sequence[Path], stack: ExitStack) -> list[Any]:
    import tensorflow as tf

    return [stack.enter_context(tf.io.TFRecordWriter(str(path))) for path in paths]


def _record(chunk: Dataset, row: int) -> bytes:
    """Serialize one image as a `tf.train.Example`."""
    import tensorflow as tf

    def text(value: bytes) -> Any:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    number = tf.train.Int64List(value=[int(chunk.labels[row])])
    features = {
        "image": text(chunk.images[row].tobytes()),
        "label": tf.train.Feature(int64_list=number),
        "votes": text(chunk.votes[row].tobytes()),
        "name": text(str(chunk.names[row]).encode()),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return bytes(example.SerializeToString(deterministic=True))


def _joined(chunks: Iterable[Dataset], source: Source) -> Dataset:
    parts = list(chunks)
    if not {1, 2} <= {int(split) for part in parts for split in np.unique(part.split)}:
        raise InputError("the source lacks val or test: use --val-fraction or --test-fraction")
    for part in parts:
        _require_size(part)

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    return Dataset(
        images=column("images"),
        labels=column("labels"),
        split=column("split"),
        votes=column("votes"),
        names=column("names"),
        subjects=column("subjects"),
        rows=column("rows"),
        label_names=source.label_names,
        provenance=source.provenance(),
    )


def _require_size(part: Dataset) -> None:
    if part.images.shape[1:] != (FACE_SIZE, FACE_SIZE):
        size = "x".join(map(str, part.images.shape[1:]))
        raise InputError(f"the images are {size} pixels: must be {FACE_SIZE}x{FACE_SIZE}")


def _named(counts: Counter[int], source: Source) -> dict[str, int]:
    names = {name: counts[label] for label, name in enumerate(source.label_names)}
    return names | ({"unlabeled": counts[-1]} if counts[-1] else {})


def _hash(image: NDArray[np.uint8]) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
