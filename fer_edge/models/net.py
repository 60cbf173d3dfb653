"""What the `[model]` sections of all nets have in common."""

from typing import Any, Literal

from fer_edge.section import Section

Head = Literal["fer2013", "ferplus"]


class NetSection(Section):
    """The `[model]` section of a recipe: a factory of its net.

    Attributes:
        heads: what the net answers for, in the order of its outputs.
    """

    heads: tuple[Head, ...] = ("fer2013", "ferplus")

    @property
    def normalization(self) -> tuple[float, float]:
        """Mean and standard deviation: pixels 0..255 become [-1, 127/128]."""
        return 128.0, 128.0


def by_head(outputs: Any) -> list[Any]:
    """What a net answers, as a list of one tensor a head: Keras gives a bare tensor for one."""
    return outputs if isinstance(outputs, list) else [outputs]
