"""Channel pruning: whole channels leave a net, and a smaller net of plain layers remains.

Unlike zeros, which a kernel multiplies by like any other number, channels that are gone cost
nothing: neither bytes nor time. What they leave behind is their mean: a pruned channel's BatchNorm
scale becomes zero first, so that it emits the constant of its offset, and that constant moves into
the layer that read it (Ye et al. 2018, "Rethinking the Smaller-Norm-Less-Informative Assumption in
Channel Pruning of Convolution Layers"). A channel whose scale was zero thus goes without a trace,
but for the rim of a picture, where padding is zero and the constant was not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from quantization.channels.analysis import analyze
from quantization.channels.layout import ChannelLayer, Layout
from quantization.keras_layers import rebuild

Kept = Mapping[str, Sequence[int]]
"""By group the channels that stay; a group that is not named stays whole."""


def keep(model: Any, kept: Kept) -> Any:
    """Build the smaller net that has the kept channels alone.

    Args:
        model: a functional Keras model as `channel_groups.analyze` takes it; it stays as it is.
        kept: by group the numbers of the channels that stay, at least one each.

    Returns:
        A Keras model with the same layers under the same names, narrower, with the kept weights.

    Raises:
        InputError: no such group or channel, one that is not free, or a group with none left.
    """
    layout = analyze(model)
    stay = _stay(layout, kept)
    values = {layer.name: layer.get_weights() for layer in model.layers}
    _fold_constants(model, layout, stay, values)
    narrow = _narrow_layers(model, layout, stay)
    for reader in layout.layers:
        values[reader.layer] = _slice(reader, values[reader.layer], stay)
    for layer in narrow.layers:
        layer.set_weights(values[layer.name])
    return narrow


def _stay(layout: Layout, kept: Kept) -> dict[str, npt.NDArray[np.intp]]:
    """By group the channels that stay, in order, after a check of what was asked for."""
    stay = {name: np.arange(group.size) for name, group in layout.groups.items()}
    for name, channels in kept.items():
        group = layout.groups.get(name)
        if group is None:
            known = ", ".join(g.name for g in layout.groups.values() if g.free)
            raise InputError(f"no group of channels {name!r}: there are {known}")
        chosen = np.unique(np.asarray(channels, np.intp))
        if len(chosen) == 0 or len(chosen) != len(channels):
            raise InputError(f"group {name}: keep at least one channel, and name each once")
        if chosen[0] < 0 or chosen[-1] >= group.size:
            raise InputError(f"group {name} has the channels 0 to {group.size - 1}")
        if len(chosen) < group.size and not group.free:
            raise InputError(f"group {name} is tied to an input or an output: it stays whole")
        stay[name] = chosen
    return stay


def _fold_constants(
    model: Any,
    layout: Layout,
    stay: Mapping[str, npt.NDArray[np.intp]],
    values: Mapping[str, list[npt.NDArray[np.float32]]],
) -> None:
    """Move what the removed channels emit, on average, into the layers that read them."""
    import tf_keras as keras

    gone = {
        name: np.setdiff1d(np.arange(group.size), stay[name])
        for name, group in layout.groups.items()
    }
    readers = [s for s in layout.layers if s.kind in ("conv", "dense") and len(gone[s.reads])]
    if not readers:
        return
    silent = rebuild(model)
    for name, group in layout.groups.items():
        for scale_layer in group.scale_layers:
            layer = silent.get_layer(scale_layer)
            # Gamma of a BatchNorm, kernel of a layer without one: in both its output is a constant.
            scale, *others = layer.get_weights()
            scale[..., gone[name]] = 0
            layer.set_weights([scale, *others])
    probe = keras.Model(silent.inputs, [silent.get_layer(reader.layer).input for reader in readers])
    blank = np.zeros((1, *model.input_shape[1:]), np.float32)
    read = probe(blank, training=False)
    for reader, x in zip(readers, read if isinstance(read, list) else [read], strict=True):
        kernel = values[reader.layer][0]
        mean = np.asarray(x, np.float32).reshape(-1, x.shape[-1]).mean(axis=0)
        rows = _rows(reader, gone[reader.reads], kernel)
        weights = kernel.reshape(-1, *kernel.shape[-2:]).sum(axis=0)
        constant = mean[rows] @ weights[rows]
        # By the layer's own bias, or by the running mean of the BatchNorm behind it, which comes
        # last but one of its weights.
        scale_layer = layout.scale_layer(reader.layer)
        if model.get_layer(reader.layer).use_bias:
            values[reader.layer][1] = values[reader.layer][1] + constant
        elif scale_layer != reader.layer:
            values[scale_layer][-2] = values[scale_layer][-2] - constant


def _narrow_layers(model: Any, layout: Layout, stay: Mapping[str, npt.NDArray[np.intp]]) -> Any:
    """The model anew, its layers as narrow as what stays, with weights of no meaning."""
    import tf_keras as keras

    widths = {s.layer: len(stay[s.writes]) for s in layout.layers if s.kind in ("conv", "dense")}

    def fresh(layer: Any) -> Any:
        config = layer.get_config() | {"name": layer.name}
        if layer.name in widths:
            config["filters" if "filters" in config else "units"] = widths[layer.name]
        if isinstance(layer, keras.layers.Reshape) and -1 not in layer.target_shape:
            # Squeeze-and-excite: [n, c] to [n, 1, 1, c], of however many channels there are.
            config["target_shape"] = (*config["target_shape"][:-1], -1)
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=fresh)


def _slice(
    layer: ChannelLayer,
    weights: list[npt.NDArray[np.float32]],
    stay: Mapping[str, npt.NDArray[np.intp]],
) -> list[npt.NDArray[np.float32]]:
    """The part of a layer's weights that the kept channels need."""
    write = stay[layer.writes]
    if layer.kind == "norm":
        return [weight[write] for weight in weights]
    kernel, *bias = weights
    if layer.kind == "depthwise":
        kernel = kernel[:, :, write]
    else:
        rows = _rows(layer, stay[layer.reads], kernel)
        kernel = kernel[..., rows, :][..., write]
    return [kernel, *(b[write] for b in bias)]


def _rows(
    layer: ChannelLayer, channels: npt.NDArray[np.intp], kernel: npt.NDArray[np.float32]
) -> npt.NDArray[np.intp]:
    """Where these channels stand in a layer's input, which Flatten may have laid side by side."""
    size = kernel.shape[-2] // layer.repeat
    return (np.arange(layer.repeat)[:, None] * size + channels).ravel()
