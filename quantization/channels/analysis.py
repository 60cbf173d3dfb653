"""Finds the coupled channels of a Keras model, those that can only be pruned together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

from device.errors import InputError
from quantization.channels.layout import ChannelLayer, Group, Kind, Layout


def analyze(model: Any) -> Layout:
    """Find the groups of a functional Keras model.

    Supported are Conv2D, DepthwiseConv2D, BatchNormalization, Dense, Add, Multiply, Flatten,
    Reshape, activations, pooling and dropout. Input and output channels of any other layer are
    never free.

    Args:
        model: float Keras model, not wrapped, with a fixed input size; each layer called once.

    Raises:
        InputError: a layer is called more than once, or has no fixed input size.
    """
    names = {layer.name for layer in model.layers}
    spaces, layers = _Spaces(), []
    tensors: dict[str, _Tensor] = {}
    consumers: dict[str, list[Any]] = {name: [] for name in names}
    for layer in model.layers:
        sources = _sources(layer, model)
        for source in sources:
            consumers[source].append(layer)
        inputs = [tensors[source] for source in sources]
        tensors[layer.name], kind = spaces.follow(layer, inputs)
        if kind:
            layers.append((layer, kind, inputs[0]))
    for name in model.output_names:
        spaces.fix(tensors[name].space)

    groups = spaces.groups({name: _gate(name, consumers[name]) for name in names})
    labels = {space: group.name for space, group in groups.items()}
    return Layout(
        {group.name: group for group in groups.values()},
        tuple(
            ChannelLayer(
                layer.name,
                kind,
                reads=labels[spaces.root(read.space)],
                writes=labels[spaces.root(tensors[layer.name].space)],
                repeat=read.repeat,
                positions=prod(layer.output_shape[1:-1]),
                kernel_area=prod(layer.kernel_size) if kind in ("conv", "depthwise") else 1,
            )
            for layer, kind, read in layers
        ),
    )


@dataclass(frozen=True)
class _Tensor:
    """The channels of a layer's output: one space, repeated `repeat` times."""

    space: int
    repeat: int = 1


@dataclass
class _Spaces:
    """Sets of channels that are being merged (union-find), numbered as they appear."""

    parents: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    writers: list[str] = field(default_factory=list)
    producing: list[bool] = field(default_factory=list)
    fixed: set[int] = field(default_factory=set)

    def new(self, layer: Any, *, producing: bool) -> int:
        self.parents.append(len(self.parents))
        self.sizes.append(layer.output_shape[0][-1] if _is_input(layer) else layer.output_shape[-1])
        self.writers.append(layer.name)
        self.producing.append(producing)
        if not producing:
            self.fixed.add(self.parents[-1])
        return self.parents[-1]

    def root(self, space: int) -> int:
        while self.parents[space] != space:
            space = self.parents[space]
        return space

    def tie(self, spaces: Iterable[int]) -> int:
        first, *others = sorted({self.root(space) for space in spaces})
        for other in others:
            self.parents[other] = first
        return first

    def fix(self, space: int) -> None:
        self.fixed.add(space)

    def follow(self, layer: Any, inputs: list[_Tensor]) -> tuple[_Tensor, Kind | None]:
        """Output channels of a layer for given input channels, and its kind if it has one."""
        import tf_keras as keras

        layers = keras.layers
        _require_size(layer)
        plain = all(tensor.repeat == 1 for tensor in inputs)
        last = getattr(layer, "data_format", None) != "channels_first"
        if type(layer) is layers.Conv2D and layer.groups == 1 and plain and last:
            return _Tensor(self.new(layer, producing=True)), "conv"
        if type(layer) is layers.Dense:
            return _Tensor(self.new(layer, producing=True)), "dense"
        if type(layer) is layers.DepthwiseConv2D and layer.depth_multiplier == 1 and last:
            return inputs[0], "depthwise"
        if isinstance(layer, layers.BatchNormalization) and plain and _normalizes_channels(layer):
            return inputs[0], "norm"
        if isinstance(layer, layers.Add | layers.Multiply) and plain and _same_channels(layer):
            return _Tensor(self.tie(tensor.space for tensor in inputs)), None
        if isinstance(layer, layers.Flatten) and plain:
            return _Tensor(inputs[0].space, prod(layer.input_shape[1:-1])), None
        if len(inputs) == 1 and _passes_channels(layer):
            return inputs[0], None
        for tensor in inputs:
            self.fix(tensor.space)
        return _Tensor(self.new(layer, producing=False)), None

    def groups(self, scale_layers: Mapping[str, str]) -> dict[int, Group]:
        """The groups, keyed by the root space of each."""
        fixed = {self.root(space) for space in self.fixed}
        members: dict[int, list[int]] = {}
        for space in range(len(self.parents)):
            members.setdefault(self.root(space), []).append(space)
        found = {}
        for root, spaces in members.items():
            producers = tuple(self.writers[s] for s in spaces if self.producing[s])
            found[root] = Group(
                self.writers[root],
                self.sizes[root],
                producers,
                tuple(scale_layers[name] for name in producers),
                root not in fixed,
            )
        return found


def _sources(layer: Any, model: Any) -> list[str]:
    """Names of the layers whose outputs a layer reads."""
    import tensorflow as tf

    if _is_input(layer):
        return []
    if len(layer._inbound_nodes) != 1:
        raise InputError(
            f"layer {layer.name} of {model.name} is called more than once: its channels cannot be "
            "pruned"
        )
    return [tensor._keras_history.layer.name for tensor in tf.nest.flatten(layer.input)]


def _gate(producer: str, consumers: list[Any]) -> str:
    import tf_keras as keras

    norms = [layer for layer in consumers if isinstance(layer, keras.layers.BatchNormalization)]
    return norms[0].name if len(norms) == len(consumers) == 1 and norms[0].scale else producer


def _is_input(layer: Any) -> bool:
    import tf_keras as keras

    return isinstance(layer, keras.layers.InputLayer)


def _require_size(layer: Any) -> None:
    shape = layer.output_shape[0] if _is_input(layer) else layer.output_shape
    if isinstance(shape, tuple) and None in shape[1:]:
        raise InputError(
            f"layer {layer.name} has no fixed input size: build the model for one size"
        )


def _normalizes_channels(layer: Any) -> bool:
    return list(layer.axis) == [len(layer.input_shape) - 1]


def _same_channels(layer: Any) -> bool:
    return len({shape[-1] for shape in layer.input_shape}) == 1


def _passes_channels(layer: Any) -> bool:
    """Whether each output channel depends only on the input channel of the same index."""
    import tf_keras as keras

    layers = keras.layers
    if isinstance(layer, layers.Softmax):
        return False
    if isinstance(layer, layers.Activation):
        return layer.activation is not keras.activations.softmax
    if isinstance(layer, layers.Reshape):
        return prod(layer.input_shape[1:-1]) == prod(layer.output_shape[1:-1]) == 1
    moving = (
        layers.MaxPooling2D
        | layers.AveragePooling2D
        | layers.GlobalAveragePooling2D
        | layers.GlobalMaxPooling2D
        | layers.ZeroPadding2D
        | layers.UpSampling2D
    )
    # A custom layer (dropout, hard-swish) without weights that keeps the shape.
    own = not layer.trainable_weights and layer.input_shape == layer.output_shape
    return isinstance(layer, moving) or own or getattr(layer, "keeps_channels", False)
