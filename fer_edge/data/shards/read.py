"""Reads shards as a shuffled stream or as a sample in memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import InputError
from device.geometry import FACE_SIZE
from fer_edge.data.autotuning import without_autotuning
from fer_edge.data.dataset import VOTE_COLUMNS, Dataset
from fer_edge.data.shards.index import Index

SHUFFLE_BUFFER = 32_768
"""Size of the shuffle buffer in images: 80 MB."""

_OPEN = 16  # shards that are interleaved
_BLOCK = 16  # consecutive images per shard


@dataclass(frozen=True)
class Stream:
    """Training images that are streamed in every epoch.

    Attributes:
        files: paths of the shards.
        images: number of images.
        counts: int64 `[labels]`, number of images per label.
    """

    files: tuple[Path, ...]
    images: int
    counts: np.ndarray

    def __len__(self) -> int:
        return self.images

    def records(self, seed: tuple[int, int]) -> Any:
        """Return a tf.data set of the serialized images in an order determined by the seed.

        The order of the shards is shuffled, their images are interleaved and pass through a shuffle
        buffer of 32,768 images.
        """
        import tensorflow as tf

        random = np.random.default_rng(seed)
        paths = [str(self.files[at]) for at in random.permutation(len(self.files))]
        records = tf.data.Dataset.from_tensor_slices(paths).interleave(
            lambda path: tf.data.TFRecordDataset(path, buffer_size=1 << 20),
            cycle_length=min(_OPEN, len(paths)),
            block_length=_BLOCK,
            num_parallel_calls=2,
            deterministic=True,
        )
        size = min(self.images, SHUFFLE_BUFFER)
        draws = int(random.integers(1, 2**62))
        return records.shuffle(size, seed=draws, reshuffle_each_iteration=False)


def open_stream(folder: Path, index: Index, *, leaked: bool) -> Stream:
    """Open the training images of a folder of shards.

    Args:
        folder: folder of shards.
        index: index of the folder.
        leaked: whether to include images that are also in val or test.
    """
    kinds = index.counts.values() if leaked else [index.counts["train"]]
    counts = [sum(kind.get(name, 0) for kind in kinds) for name in index.label_names]
    files = index.files(folder, leaked=leaked)
    return Stream(tuple(files), index.images(leaked=leaked), np.array(counts, np.int64))


def sample(stream: Stream, index: Index, count: int) -> Dataset:
    """Return about `count` training images, the first ones of every shard.

    Images are assigned to shards at random, so this is a random sample of the set.

    Raises:
        InputError: a shard is damaged.
    """
    import tensorflow as tf

    each = -(-min(count, len(stream)) // len(stream.files))
    found = []
    for path in stream.files:
        records = without_autotuning(tf.data.TFRecordDataset(str(path)).take(each).batch(each))
        try:
            found += [[part.numpy() for part in parse(batch)] for batch in records]
        except tf.errors.OpError as error:
            raise damaged(error) from error
    images, labels, votes = (np.concatenate(parts)[:count] for parts in zip(*found, strict=True))
    return Dataset(
        images=images,
        labels=labels.astype(np.int16),
        split=np.zeros(len(labels), np.uint8),
        votes=votes,
        names=np.full(len(labels), ""),
        label_names=index.label_names,
        provenance=index.provenance,
        file_digest=index.digest,
    )


def parse(records: Any) -> tuple[Any, Any, Any]:
    """Decode serialized images.

    Args:
        records: string tensor `[n]`.

    Returns:
        Images, uint8 `[n, 48, 48]`; labels, int64 `[n]`; FER+ votes, uint8 `[n, 10]`.
    """
    import tensorflow as tf

    text = tf.io.FixedLenFeature((), tf.string)
    features = {"image": text, "label": tf.io.FixedLenFeature((), tf.int64), "votes": text}
    found = tf.io.parse_example(records, features)
    images = tf.io.decode_raw(found["image"], tf.uint8, fixed_length=FACE_SIZE**2)
    votes = tf.io.decode_raw(found["votes"], tf.uint8, fixed_length=VOTE_COLUMNS)
    return tf.reshape(images, (-1, FACE_SIZE, FACE_SIZE)), found["label"], votes


def damaged(error: Exception) -> InputError:
    """Return the error for a shard that cannot be read."""
    reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return InputError(
        f"a shard of --data cannot be read ({reason}): copy it again, or recreate the shards with "
        "`fer-edge data shards`"
    )
