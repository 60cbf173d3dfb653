"""Channel pruning: removes whole channels, which leaves a smaller net of plain layers.

Zero weights still take bytes and time in dense kernels; removed channels take neither. A removed
channel is replaced by its mean: its BatchNorm scale is set to zero, so that its output is a
constant (the offset), and that constant is folded into the layers that read it (Ye et al. 2018,
"Rethinking the Smaller-Norm-Less-Informative Assumption in Channel Pruning of Convolution Layers").
Removing a channel whose scale was already zero therefore does not change the output, except at the
image border, where zero padding differs from the constant.
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
"""Channels to keep, by group; a group that is not listed is kept whole."""


def keep(model: Any, kept: Kept) -> Any:
    """Build the smaller net that has only the kept channels.

    Args:
        model: functional Keras model accepted by `channels.analysis.analyze`; not modified.
        kept: indices of the channels to keep, by group, at least one each.

    Returns:
        A Keras model with the same layer names, fewer channels and the kept weights.

    Raises:
        InputError: unknown group or channel, a group that is not free, or no channel left in one.
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
    """Validate `kept` and give the sorted channels to keep, by group."""
    stay = {name: np.arange(group.size) for name, group in layout.groups.items()}
    for name, channels in kept.items():
        group = layout.groups.get(name)
        if group is None:
            known = ", ".join(g.name for g in layout.groups.values() if g.free)
            raise InputError(f"no channel group {name!r}: the groups are {known}")
        chosen = np.unique(np.asarray(channels, np.intp))
        if len(chosen) == 0 or len(chosen) != len(channels):
            raise InputError(f"group {name}: keep at least one channel, and name each once")
        if chosen[0] < 0 or chosen[-1] >= group.size:
            raise InputError(f"group {name} has the channels 0 to {group.size - 1}")
        if len(chosen) < group.size and not group.free:
            raise InputError(f"group {name} is coupled to an input or an output: it is kept whole")
        stay[name] = chosen
    return stay


def _fold_constants(
    model: Any,
    layout: Layout,
    stay: Mapping[str, npt.NDArray[np.intp]],
    values: Mapping[str, list[npt.NDArray[np.float32]]],
) -> None:
    """Fold the constant outputs of the removed channels into the layers that read them."""
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
            # Gamma of a BatchNorm, or the kernel of a layer without one: either makes the output
            # constant.
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
        # Into the layer's own bias, or into the running mean of the BatchNorm after it, which is
        # the second to last of its weights.
        scale_layer = layout.scale_layer(reader.layer)
        if model.get_layer(reader.layer).use_bias:
            values[reader.layer][1] = values[reader.layer][1] + constant
        elif scale_layer != reader.layer:
            values[scale_layer][-2] = values[scale_layer][-2] - constant


def _narrow_layers(model: Any, layout: Layout, stay: Mapping[str, npt.NDArray[np.intp]]) -> Any:
    """Rebuild the model with only the kept channels; its weights are not set yet."""
    import tf_keras as keras

    widths = {s.layer: len(stay[s.writes]) for s in layout.layers if s.kind in ("conv", "dense")}

    def fresh(layer: Any) -> Any:
        config = layer.get_config() | {"name": layer.name}
        if layer.name in widths:
            config["filters" if "filters" in config else "units"] = widths[layer.name]
        if isinstance(layer, keras.layers.Reshape) and -1 not in layer.target_shape:
            # Squeeze-and-excite: [n, c] to [n, 1, 1, c], for any number of channels.
            config["target_shape"] = (*config["target_shape"][:-1], -1)
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=fresh)


def _slice(
    layer: ChannelLayer,
    weights: list[npt.NDArray[np.float32]],
    stay: Mapping[str, npt.NDArray[np.intp]],
) -> list[npt.NDArray[np.float32]]:
    """Slice a layer's weights to the kept channels."""
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
    """Positions of these channels in a layer's input, which Flatten may have repeated."""
    size = kernel.shape[-2] // layer.repeat
    return (np.arange(layer.repeat)[:, None] * size + channels).ravel()
