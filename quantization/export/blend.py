"""Blends the two heads of one net into a `.tflite` file with a single head.

Two files of a net differ in their last dense layer alone. A weighted mean of the logits is linear
in the features, so one dense layer computes it: the blended file costs what each of the two does.
Its probabilities are the weighted geometric mean of both files', normalized (logarithmic opinion
pool, Genest and Zidek 1986).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.labels import canonical
from quantization.export import last_layer

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Blend:
    """How the logits of another file with the same labels, or some of them, enter a file.

    Attributes:
        columns: for each label of the file, the other file's label of the same meaning; -1 if it
            has none.
        share: weight of the other file's logits, 0..1.
    """

    columns: npt.NDArray[np.intp]
    share: float

    @classmethod
    def of(cls, labels: Sequence[str], others: Sequence[str], share: float) -> "Blend":
        """Match the labels of two files by meaning, such as happiness and happy.

        Raises:
            InputError: the files share fewer than two labels, or the share is not 0 to 1.
        """
        if not 0 <= share <= 1:
            raise InputError(f"--blend {share:g}: give a weight from 0 to 1")
        known = {canonical(label): column for column, label in enumerate(others)}
        columns = np.array([known.get(canonical(label), -1) for label in labels], np.intp)
        if (columns >= 0).sum() < 2:
            raise InputError(
                f"--blend needs two label sets with common labels, not {', '.join(labels)} and "
                f"{', '.join(others)}"
            )
        return cls(columns, share)

    def logits(self, own: Floats, other: Floats) -> Floats:
        """Blend logits, kernels or biases, in which both are linear.

        A label that the other file lacks moves by as much as the others do on the mean, so that a
        constant added to the logits of either file changes no probability.

        Args:
            own: [labels, ...] of the file.
            other: [other labels, ...] of the other file.
        """
        common = self.columns >= 0
        moved = np.zeros_like(own)
        moved[common] = other[self.columns[common]] - own[common]
        moved[~common] = moved[common].mean(axis=0)
        return own + self.share * moved

    def prior(self, own: Floats, other: Floats) -> Floats:
        """Blend the class frequencies of both files' training data, which sum to 1."""
        blended = np.exp(self.logits(np.log(own), np.log(other)))
        return blended / blended.sum()


def fold(model: Any, other: Any, blend: Blend, names: tuple[str, str]) -> None:
    """Blend the head of another file into a model.

    In an int8 file, the range of the logits is the blend of both ranges.

    Args:
        model: `ModelT` of LiteRT's schema, changed in place.
        other: the other file's `ModelT`.
        blend: the labels of both and the weight.
        names: what messages call the two.

    Raises:
        InputError: a graph does not end in a dense layer with a bias and a softmax, or the files
            differ before it.
    """
    ends = [
        last_layer.find(one, f"{name}: --blend")
        for one, name in zip((model, other), names, strict=True)
    ]
    for end, name in zip(ends, names, strict=True):
        if not end.has_weights:
            raise InputError(f"{name}: --blend needs float32 or int8 weights in the last layer")
    if last_layer.trunk(model, ends[0]) != last_layer.trunk(other, ends[1]):
        raise InputError(
            f"{names[1]} is not another head of {names[0]}: --blend needs two files of one net, "
            "such as fer2013_int8.tflite and ferplus_int8.tflite of a run"
        )
    mine, theirs = ends
    kernel = blend.logits(mine.kernel(), theirs.kernel())
    bias = blend.logits(mine.bias(), theirs.bias())
    mine.set_kernel(kernel)
    mine.set_bias(bias)
    if mine.is_integer:
        ranges = np.array([mine.range, theirs.range])
        mine.set_range(*((1 - blend.share) * ranges[0] + blend.share * ranges[1]))
