"""`fer-edge zoo`: lists and recommends the models that ship with fer-edge."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from device.errors import CheckFailedError, InputError
from fer_edge.cli.shared.json_output import print_json

if TYPE_CHECKING:
    from fer_edge.zoo.recommend import Option, Target

EXAMPLE = "Example: fer-edge zoo --for cortex-a72 --budget 5ms"


def zoo(
    core: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="Recommend for cortex-a53, cortex-a72, cortex-a76 or here (this machine).",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(help="With --for: time per face, for example 5ms.", show_default="16ms"),
    ] = None,
    labels: Annotated[
        str, typer.Option(help="With --for: label set, fer2013 or ferplus.")
    ] = "fer2013",
    as_json: Annotated[bool, typer.Option("--json", help="Print the cards as JSON.")] = False,
) -> None:
    """List the shipped models with their size, accuracy and latency ratio.

    Use zoo:NAME wherever a model is expected; zoo:NAME/ferplus_int8 predicts the labels of FER+.
    """
    from fer_edge import zoo as shipped

    if core is not None:
        _recommend(core, budget, labels, as_json)
        return
    if budget is not None:
        raise InputError("--budget needs --for CORE, or --for here")
    models = shipped.list_models()
    if as_json:
        print_json({"models": [{"folder": str(m.folder), **m.card} for m in models]})
        return
    from rich.console import Console

    console = Console()
    console.print(_table([m.card for m in models]))
    card = models[0].card
    console.print(
        "zoo:NAME has FER2013's labels, zoo:NAME/ferplus_int8 and balanced_int8 (with more equal "
        "recalls of the classes) those of FER+. top-1: PrivateTest, "
        "with its 95 % interval; val: PublicTest. Latency: one thread of "
        f"{card['machine']['cpu']}, the ratio to {card['reference']} in the same run.",
        highlight=False,
    )
    for model in models:
        console.print(f"zoo:{model.name:<12} {model.folder}", highlight=False, soft_wrap=True)


def _recommend(core: str, budget: str | None, labels: str, as_json: bool) -> None:
    """Print every file's figures on a core, and the best file within the budget."""
    from fer_edge.zoo import recommend

    limit = recommend.BUDGET_MS if budget is None else recommend.budget(budget)
    target = recommend.target(core)
    options = recommend.options(target, labels)
    chosen = recommend.choose(options, limit)
    if as_json:
        print_json(
            {
                "for": target.name,
                "core": target.core,
                "core_class": target.core_class,
                "budget_ms": limit,
                "recommended": chosen and chosen.model,
                "options": [asdict(option) for option in options],
            }
        )
    else:
        _print_options(options, target, chosen, limit)
    if chosen is None:
        fastest = options[0]
        raise CheckFailedError(
            f"no model takes at most {limit:g} ms on {target.name}: the fastest, {fastest.model}, "
            f"takes {fastest.ms:.2f} ms"
        )


def _print_options(
    options: "list[Option]", target: "Target", chosen: "Option | None", limit: float
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("", "model"):
        table.add_column(title, no_wrap=True)
    for title in ("Public", "Private", "kB", "ms", "M instr."):
        table.add_column(title, justify="right", no_wrap=True)
    for option in options:
        table.add_row(
            "->" if option == chosen else "" if option.ms <= limit else "over",
            option.model,
            f"{100 * option.val_top1:.2f}",
            f"{100 * option.test_top1:.2f}",
            f"{option.size / 1000:.0f}",
            f"{option.ms:.2f}",
            "" if option.instructions is None else f"{option.instructions / 1e6:.2f}",
        )
    console = Console()
    console.print(table)
    first = options[0]
    if target.core:
        how = f"estimated for the {first.where}, upper bound, without memory stalls"
    else:
        how = f"measured on core class {first.where}, p50"
    known = target.core_class in target.name
    where = target.name if known else f"{target.name} ({target.core_class})"
    console.print(
        f"For {where}, at most {limit:g} ms per face; {how}.",
        highlight=False,
    )
    if chosen:
        console.print(f"Recommended: {chosen.model}", highlight=False, style="bold")


def _table(cards: list[dict[str, Any]]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=0)
    table.add_column("model", no_wrap=True)
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
                f"{100 * test['top1']:.2f} ({100 * low:.1f}-{100 * high:.1f})",
                f"{100 * file['val']['top1']:.2f}",
                f"{file['size']['bytes'] / 1000:.0f} kB",
                f"{latency['p50_us']:.0f} µs",
                f"{latency['ratio_to_first']:.2f}x",
            )
    return table
