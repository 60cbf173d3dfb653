"""Groups of coupled channels in a net, and their cost.

A group is a set of channels shared by several tensors: a convolution writes them, its BatchNorm
and activation pass them on, a depthwise convolution filters each one separately, and an Add
couples them to others. A channel is removed from all of these tensors or from none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["conv", "depthwise", "dense", "norm"]

BIAS_BYTES = 4
"""Bytes of one int32 bias in an int8 file, which has one per output channel."""


@dataclass(frozen=True)
class Group:
    """Channels that are kept or pruned together.

    Attributes:
        name: name of the first layer that writes them.
        size: number of channels.
        producers: names of the layers that write them.
        scale_layers: for each producer the BatchNorm that follows it, or the producer itself:
            setting its scale to zero for a channel makes that channel's output a constant.
        free: whether channels may be pruned: not those of an input or output, nor those read by an
            unsupported layer.
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
        layer: layer name.
        kind: kind of layer.
        reads: group of its input channels.
        writes: group of its output channels; that of its input unless the layer is a producer.
        repeat: number of copies of the channels in its input: 1 except after Flatten.
        positions: number of output positions: height times width.
        kernel_area: number of weights between one input channel and one output channel.
    """

    layer: str
    kind: Kind
    reads: str
    writes: str
    repeat: int
    positions: int
    kernel_area: int

    def weights(self, widths: Mapping[str, int]) -> int:
        """Number of weights in its kernel, given the widths of the groups."""
        inputs = 1 if self.kind == "depthwise" else widths[self.reads] * self.repeat
        return self.kernel_area * inputs * widths[self.writes]


@dataclass(frozen=True)
class Layout:
    """The groups of a net and the layers between them.

    Attributes:
        groups: groups by name.
        layers: layers in model order.
    """

    groups: dict[str, Group]
    layers: tuple[ChannelLayer, ...]

    @property
    def widths(self) -> dict[str, int]:
        """The number of channels of each group."""
        return {name: group.size for name, group in self.groups.items()}

    def scale_layer(self, producer: str) -> str:
        """The layer whose scale can zero a producer's output; see `Group.scale_layers`."""
        for group in self.groups.values():
            if producer in group.producers:
                return group.scale_layers[group.producers.index(producer)]
        raise KeyError(producer)

    def multiply_adds(self, widths: Mapping[str, int] | None = None) -> int:
        """Multiply-adds per image, given the widths of the groups (current widths if None)."""
        widths = self.widths | dict(widths or {})
        return sum(s.positions * s.weights(widths) for s in self.layers if s.kind != "norm")

    def weight_bytes(self, widths: Mapping[str, int] | None = None) -> int:
        """Bytes of weights and biases in the int8 file, given the widths of the groups."""
        widths = self.widths | dict(widths or {})
        return sum(
            s.weights(widths) + BIAS_BYTES * widths[s.writes]
            for s in self.layers
            if s.kind != "norm"
        )
