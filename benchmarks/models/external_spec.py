"""How an external model is fed and what its outputs mean."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from benchmarks.results.types import ExternalModelDescription

DTYPES = ("int8", "uint8", "float32")
"""Supported dtypes of inputs and outputs."""


@dataclass(frozen=True)
class Spec:
    """Preprocessing of an external model and meaning of its outputs.

    Attributes:
        name: name in the results.
        head: label set that the model is measured against, "fer2013" or "ferplus".
        labels: classes in the order of the output, by their names in that label set.
        size: height and width of the input in pixels; an input of dynamic size is resized to it.
        mean: mean of each channel; the input is (pixel - mean) / std for pixels 0..255.
        std: standard deviation of each channel, above 0.
        channels: 1, or 3 with the same gray values.
        layout: order of the input's axes, "NHWC" or "NCHW".
        resize: interpolation from 48x48 to `size`, "area" or "linear".
        dtype: dtype that the input must have, one of `DTYPES`; None for any.
        softmax: whether the outputs are logits, to which a softmax is applied.
        output: index or name of the output with the classes; None for the only one.
    """

    name: str
    head: str
    labels: tuple[str, ...]
    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    channels: int = 1
    layout: str = "NHWC"
    resize: str = "linear"
    dtype: str | None = None
    softmax: bool = False
    output: int | str | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the input, with a batch size of one."""
        if self.layout == "NCHW":
            return (1, self.channels, *self.size)
        return (1, *self.size, self.channels)

    def describe(self) -> "ExternalModelDescription":
        """Return the `peer` block of `results.json`."""
        fields = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }
        return cast("ExternalModelDescription", fields)

    @classmethod
    def from_description(cls, values: Mapping[str, Any]) -> "Spec":
        """Rebuild a specification from the result of `describe`."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        return cls(**fields)
