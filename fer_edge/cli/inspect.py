"""`fer-edge inspect`: lists the operators of a model file."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fer_edge.cli.shared.json_output import print_json

if TYPE_CHECKING:
    from device.model.graph import Operator
    from device.model.inspection import Inspection
    from device.model.tensor import Quantization, Tensor

EXAMPLE = "Example: fer-edge inspect fer2013_int8.tflite"


def inspect(
    model: Annotated[
        str, typer.Argument(help="Any model file (.tflite) or zoo:NAME.", metavar="MODEL")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List operators, shapes, quantization, multiply-adds and bytes, and what XNNPACK runs."""
    from device.model import inspection
    from fer_edge import zoo

    found = inspection.inspect(zoo.resolve(model))
    if as_json:
        print_json(_as_json(found))
    else:
        _show(found)


def _as_json(found: "Inspection") -> dict[str, Any]:
    graph, delegation = found.graph, found.delegation
    taken = delegation.operators if delegation else frozenset()
    return {
        "model": str(graph.path),
        "bytes": graph.path.stat().st_size,
        "multiply_adds": graph.multiply_adds,
        "parameters": graph.parameters,
        "weight_bytes": sum(operator.weight_bytes for operator in graph.operators),
        "subgraphs": graph.subgraphs,
        "inputs": [_tensor_as_json(graph.tensors[i]) for i in graph.inputs],
        "outputs": [_tensor_as_json(graph.tensors[i]) for i in graph.outputs],
        "operators": [
            {
                "index": operator.index,
                "name": operator.name,
                "inputs": [_tensor_as_json(graph.tensors[i]) for i in operator.inputs],
                "outputs": [_tensor_as_json(graph.tensors[i]) for i in operator.outputs],
                "multiply_adds": operator.multiply_adds,
                "weight_bytes": operator.weight_bytes,
                "xnnpack": operator.index in taken if delegation else None,
            }
            for operator in graph.operators
        ],
        "float_islands": found.islands,
        "xnnpack": delegation
        and {
            "runtime": delegation.runtime,
            "whole": len(taken) == len(graph.operators),
            "partitions": [sorted(partition) for partition in delegation.partitions],
        },
        "problem": found.problem,
    }


def _tensor_as_json(tensor: "Tensor") -> dict[str, Any]:
    quantization = tensor.quantization
    return {
        "index": tensor.index,
        "name": tensor.name,
        "shape": tensor.shape,
        "dtype": tensor.dtype,
        "constant": tensor.is_constant,
        "bytes": tensor.bytes,
        "quantization": quantization
        and {
            "scales": quantization.scales.tolist(),
            "zero_points": quantization.zero_points.tolist(),
            "axis": quantization.axis,
        },
    }


def _show(found: "Inspection") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from device.system.terminal import verbatim

    graph, delegation = found.graph, found.delegation
    taken = delegation.operators if delegation else frozenset()
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("#", "operator", "layer", "output", "scale, zero point", "weights"):
        table.add_column(title, justify="right" if title == "#" else "left", overflow="fold")
    for title in ("multiply-adds", "bytes", "XNNPACK"):
        table.add_column(title, justify="right", overflow="fold")
    for operator in graph.operators:
        table.add_row(*map(verbatim, _cells(found, operator, operator.index in taken)))
    console = Console(highlight=False)
    console.print(table)
    console.print(f"[bold]{verbatim(graph.path)}[/]: {_sums(found)}", soft_wrap=True)
    for line in (_islands(found), _delegated(found)):
        console.print(verbatim(line), soft_wrap=True)


def _cells(found: "Inspection", operator: "Operator", is_taken: bool) -> list[str]:
    from device.model.inspection import layer

    graph = found.graph
    outputs = [graph.tensors[i] for i in operator.outputs]
    constants = (graph.tensors[i] for i in operator.inputs if graph.tensors[i].is_constant)
    weights = next((t for t in constants if t.stands_for_reals), None)
    return [
        str(operator.index),
        operator.name,
        layer(graph, operator.index),
        ", ".join(f"{t.dtype} {_shape(t)}" for t in outputs),
        ", ".join(_quantization(t.quantization) for t in outputs),
        f"{weights.dtype} {_shape(weights)}" if weights else "",
        f"{operator.multiply_adds:,}" if operator.multiply_adds else "",
        f"{operator.weight_bytes:,}" if operator.weight_bytes else "",
        "" if found.delegation is None else "yes" if is_taken else "no",
    ]


def _shape(tensor: "Tensor") -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def _quantization(quantization: "Quantization | None") -> str:
    if quantization is None:
        return ""
    if len(quantization.scales) > 1:
        return f"{len(quantization.scales)} scales"
    return f"{quantization.scales[0]:.4g}, {quantization.zero_points[0]}"


def _sums(found: "Inspection") -> str:
    graph = found.graph
    weights = sum(operator.weight_bytes for operator in graph.operators)
    more = f", first of {graph.subgraphs} subgraphs" if graph.subgraphs > 1 else ""
    return (
        f"{len(graph.operators)} operators, {graph.multiply_adds:,} multiply-adds, "
        f"{graph.parameters:,} parameters, {weights:,} bytes of constants in "
        f"{graph.path.stat().st_size:,} bytes{more}"
    )


def _islands(found: "Inspection") -> str:
    if not found.islands:
        return "float islands: none"
    names = found.graph.operators
    islands = "; ".join(
        ", ".join(f"{i} {names[i].name}" for i in island) for island in found.islands
    )
    return f"float islands: {len(found.islands)}: {islands}"


def _delegated(found: "Inspection") -> str:
    if found.delegation is None:
        return f"XNNPACK: not known, {found.problem}"
    count, taken = len(found.graph.operators), len(found.delegation.operators)
    runtime, partitions = found.delegation.runtime, len(found.delegation.partitions)
    if taken == 0:
        return f"XNNPACK: takes no operator ({runtime})"
    pieces = "1 partition" if partitions == 1 else f"{partitions} partitions"
    whole = "the whole graph" if taken == count else f"{taken} of {count} operators"
    return f"XNNPACK: takes {whole} in {pieces} ({runtime})"
