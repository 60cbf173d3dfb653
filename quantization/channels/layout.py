"""Which channels of a net stand or fall together, and what they cost.

A group is a set of channels that several tensors share: what a convolution writes, its BatchNorm
and activation pass on, a depthwise convolution filters one by one and an Add ties to others. A
channel leaves all of them or none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["conv", "depthwise", "dense", "norm"]

BIAS_BYTES = 4
"""Of one int32 bias in an int8 file; there every output channel has one."""


@dataclass(frozen=True)
class Group:
    """Channels that go together.

    Attributes:
        name: of the first layer that writes them.
        size: how many.
        producers: the layers that write them.
        scale_layers: for each producer the BatchNorm that follows it, or the producer itself:
            setting its scale to zero for a channel makes that channel's output a constant.
        free: whether channels may go: not those of an input or of an output, nor those that a layer
            takes of which nobody knows what it does with them.
    """

    name: str
    size: int
    producers: tuple[str, ...]
    scale_layers: tuple[str, ...]
    free: bool


@dataclass(frozen=True)
class ChannelLayer:
    """A layer whose weights have a channel axis.

    Attributes:
        layer: its name.
        kind: of layer.
        reads: the group of its input's channels.
        writes: the group of its output's channels; those of its input unless it is a producer.
        repeat: how often the channels stand side by side in its input: once, but for Flatten.
        positions: places where it computes: height times width of its output.
        kernel_area: weights between one input channel and one output channel.
    """

    layer: str
    kind: Kind
    reads: str
    writes: str
    repeat: int
    positions: int
    kernel_area: int

    def weights(self, widths: Mapping[str, int]) -> int:
        """How many weights its kernel has where groups have these widths."""
        inputs = 1 if self.kind == "depthwise" else widths[self.reads] * self.repeat
        return self.kernel_area * inputs * widths[self.writes]


@dataclass(frozen=True)
class Layout:
    """The groups of a net and the layers between them.

    Attributes:
        groups: by name.
        layers: in the order of the net's layers.
    """

    groups: dict[str, Group]
    layers: tuple[ChannelLayer, ...]

    @property
    def widths(self) -> dict[str, int]:
        """The number of channels of each group."""
        return {name: group.size for name, group in self.groups.items()}

    def scale_layer(self, producer: str) -> str:
        """The layer whose scale switches off what a producer writes; see `Group.scale_layers`."""
        for group in self.groups.values():
            if producer in group.producers:
                return group.scale_layers[group.producers.index(producer)]
        raise KeyError(producer)

    def multiply_adds(self, widths: Mapping[str, int] | None = None) -> int:
        """Multiply-adds of one picture, where groups have these widths (their own if None)."""
        widths = self.widths | dict(widths or {})
        return sum(s.positions * s.weights(widths) for s in self.layers if s.kind != "norm")

    def weight_bytes(self, widths: Mapping[str, int] | None = None) -> int:
        """Bytes of the weights and biases of the int8 file, where groups have these widths."""
        widths = self.widths | dict(widths or {})
        return sum(
            s.weights(widths) + BIAS_BYTES * widths[s.writes]
            for s in self.layers
            if s.kind != "norm"
        )
