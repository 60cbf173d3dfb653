"""`fer-edge zoo`: the models that ship with fer-edge."""

import json
from typing import Annotated, Any

import typer

EXAMPLE = "Example: fer-edge zoo"


def zoo(
    as_json: Annotated[bool, typer.Option("--json", help="Print their cards as JSON.")] = False,
) -> None:
    """List the shipped models with their size, accuracy and latency ratio.

    Use one as zoo:NAME wherever a model is asked for, zoo:NAME/ferplus_int8 for FER+'s labels.
    """
    from fer_edge import zoo as shipped

    models = shipped.list_models()
    if as_json:
        folders = [{"folder": str(m.folder), **m.card} for m in models]
        typer.echo(json.dumps(folders, ensure_ascii=False))
        return
    from rich.console import Console

    console = Console()
    console.print(_table([m.card for m in models]))
    card = models[0].card
    console.print(
        "top-1: PrivateTest, with its 95 % interval; val: PublicTest. Latency: one thread of "
        f"{card['machine']['cpu']}, the ratio to {card['reference']} in the same run.",
        highlight=False,
    )
    for model in models:
        console.print(f"zoo:{model.name:<6} {model.folder}", highlight=False, soft_wrap=True)


def _table(cards: list[dict[str, Any]]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=0)
    table.add_column("model", no_wrap=True)
    table.add_column("labels", no_wrap=True)
    for title in ("top-1 %", "val %", "size", "p50", "ratio"):
        table.add_column(title, justify="right")
    for card in cards:
        for stem, file in card["files"].items():
            if not file["shipped"] or file["precision"] != "int8":
                continue
            name = f"zoo:{card['name']}"
            test, latency = file["test"]["all"], file["latency"]
            low, high = test["top1_ci95"]
            table.add_row(
                name if file["head"] == "fer2013" else f"{name}/{stem}",
                file["head"],
                f"{100 * test['top1']:.2f} ({100 * low:.1f}-{100 * high:.1f})",
                f"{100 * file['val']['top1']:.2f}",
                f"{file['size']['bytes'] / 1000:.0f} kB",
                f"{latency['p50_us']:.0f} µs",
                f"{latency['ratio_to_first']:.2f}x",
            )
    return table
