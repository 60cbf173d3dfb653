"""A model file as C++ source for microcontrollers: `NAME.h` and `NAME.cc`."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from device.model import graph
from device.model.graph import Graph
from device.model.tensor import Tensor

_BYTES_PER_LINE = 16
_ALIGNMENT = 16  # bytes; the flatbuffer aligns its weights to it


def identifier(stem: str) -> str:
    """Make a valid C++ identifier: `base-rgb.2` becomes `base_rgb_2`."""
    name = re.sub(r"[^0-9A-Za-z]+", "_", stem).strip("_")
    return name if name[:1].isalpha() else f"model_{name}".rstrip("_")


def source(name: str, header: str, content: bytes) -> str:
    """Return the C++ source with the definitions.

    Args:
        name: an `identifier`.
        header: file name of the header.
        content: content of the model file, stored unchanged.
    """
    lines = (content[i : i + _BYTES_PER_LINE] for i in range(0, len(content), _BYTES_PER_LINE))
    body = "\n".join("    " + " ".join(f"0x{byte:02x}," for byte in line) for line in lines)
    return (
        f'#include "{header}"\n\n'
        f"alignas({_ALIGNMENT}) const unsigned char {name}[] = {{\n{body}\n}};\n"
        f"const unsigned int {name}_size = {len(content)};\n"
    )


def declarations(
    name: str, content: bytes, path: Path, *, labels: Sequence[str], sha256: str, arena: str | int
) -> str:
    """Write the header: the array, labels, scales and zero points, operators, arena.

    Args:
        name: an `identifier`.
        content: content of the model file.
        path: model file, for messages.
        labels: output labels.
        sha256: SHA-256 digest of the content, as on the card.
        arena: measured arena size in bytes, or the reason why it was not measured.
    """
    found = graph.parse(content, path)
    taken, given = found.tensors[found.inputs[0]], found.tensors[found.outputs[0]]
    quoted = ", ".join(json.dumps(label, ensure_ascii=False) for label in labels)
    guard = f"FER_EDGE_{name.upper()}_H_"
    if isinstance(arena, int):
        memory = (
            "// Smallest tensor arena that the model runs in, measured with 8-byte pointers.\n"
            f"constexpr unsigned int {name}_arena_bytes = {arena};\n"
        )
    else:
        memory = f"// Tensor arena: {arena}.\n"
    return (
        f"// {path.stem}: a .tflite of {len(content)} bytes, SHA-256 {sha256}.\n"
        f"#ifndef {guard}\n#define {guard}\n\n"
        f"extern const unsigned char {name}[];\n"
        f"extern const unsigned int {name}_size;\n\n"
        f"constexpr int {name}_label_count = {len(labels)};\n"
        f"constexpr const char* {name}_labels[] = {{{quoted}}};\n\n"
        f"{_tensor(name, 'input', taken)}{_tensor(name, 'output', given)}\n"
        f"{memory}\n"
        f"// Operators of a MicroMutableOpResolver<{len(operators(found))}>:\n"
        f"//   {', '.join(operators(found))}\n\n"
        f"#endif  // {guard}\n"
    )


def operators(found: Graph) -> list[str]:
    """Names of the methods that register a graph's operators: `AddConv2D` for CONV_2D."""
    names = sorted({operator.name for operator in found.operators})
    return ["Add" + "".join(part.title() for part in name.split("_")) for name in names]


def _tensor(name: str, role: str, tensor: Tensor) -> str:
    shape = " x ".join(map(str, tensor.shape))
    lines = f"// {role}: {tensor.dtype}, {shape}\n"
    if tensor.quantization is None:
        return lines
    scale, zero_point = tensor.quantization.scales[0], tensor.quantization.zero_points[0]
    return lines + (
        f"constexpr float {name}_{role}_scale = {float(scale)!r}f;\n"
        f"constexpr int {name}_{role}_zero_point = {zero_point};\n"
    )
