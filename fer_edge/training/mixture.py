"""Training images of one data set, or of several sets mixed in every batch."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.data.shards.read import Stream


@dataclass(frozen=True)
class LabeledImages:
    """Images with a target distribution per head.

    Attributes:
        images: uint8 `[n, 48, 48]`.
        targets: target distributions by head, float32 `[n, labels]`; all zeros without a target.
        classes: true classes by head for the evaluation, int16 `[n]`; -1 is ignored.
    """

    images: NDArray[np.uint8]
    targets: dict[str, NDArray[np.float32]]
    classes: dict[str, NDArray[np.int16]]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def sample(self) -> "LabeledImages":
        """All images, which are in memory."""
        return self


@dataclass(frozen=True)
class StreamedImages:
    """Training images that are streamed from shards in every epoch.

    Attributes:
        stream: stream of the shards.
        sample: sample of the images, in memory.
        targets_of: function from labels, int64 `[n]`, and FER+ votes, uint8 `[n, 10]`, to targets
            by head, float32 `[n, labels]`.
    """

    stream: Stream
    sample: LabeledImages
    targets_of: Callable[[NDArray[np.int64], NDArray[np.uint8]], dict[str, NDArray[np.float32]]]

    def __len__(self) -> int:
        return len(self.stream)


@dataclass(frozen=True)
class Source:
    """Images of an additional data set that form a fraction of every batch.

    Attributes:
        name: name of the source.
        data: training images.
        share: fraction of a batch, 0..1.
        chances: sampling probabilities with replacement, float64 `[n]`, summing to 1.
        trust: weight of the source's own target if there is a teacher, 0..1. A head without a
            target uses only the teacher.
        weight: loss weight of the images.
    """

    name: str
    data: LabeledImages
    share: float
    chances: NDArray[np.float64]
    trust: float = 1.0
    weight: float = 1.0

    def of_batch(self, batch: int) -> int:
        """Return the number of images of this source in a batch; at least one."""
        return max(1, round(batch * self.share))


@dataclass(frozen=True)
class Mixture:
    """Training images of an epoch: the first set once, mixed with images of the other sources.

    Attributes:
        first: main data set, whose size determines the length of an epoch.
        batch: number of images per step, over all sets.
        sources: additional data sets.
    """

    first: LabeledImages | StreamedImages
    batch: int
    sources: tuple[Source, ...] = ()

    @property
    def own(self) -> int:
        """Number of images of the first set in a batch."""
        return self.batch - sum(source.of_batch(self.batch) for source in self.sources)

    @property
    def steps(self) -> int:
        """Number of full batches per epoch."""
        return len(self.first) // self.own

    @property
    def heads(self) -> list[str]:
        """Heads for which the images have targets."""
        return list(self.first.sample.targets)

    def drawn(self, seed: tuple[int, int]) -> NDArray[np.int64]:
        """Draw the source images of each step, as indices into the concatenated sources.

        Args:
            seed: RNG seed of the draws.

        Returns:
            int64 `[steps, batch - own]`.
        """
        parts, before = [np.empty((self.steps, 0), np.int64)], 0
        for number, source in enumerate(self.sources):
            rng = np.random.default_rng((*seed, number))
            shape = (self.steps, source.of_batch(self.batch))
            parts.append(before + rng.choice(len(source.data), shape, p=source.chances))
            before += len(source.data)
        return np.concatenate(parts, axis=1)

    def by_column(self, first: float, value: Callable[[Source], float]) -> NDArray[np.float32]:
        """Return one number per image of a batch, constant within a set: float32 `[batch]`."""
        parts = [np.full(source.of_batch(self.batch), value(source)) for source in self.sources]
        return np.concatenate([np.full(self.own, first), *parts]).astype(np.float32)
