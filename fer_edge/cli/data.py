"""`fer-edge data`: prepare, audit and synth."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="data",
    no_args_is_help=True,
    help="Read, check and generate labelled faces.",
    epilog="Example: fer-edge data prepare fer2013.csv --out fer2013.npz",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the output where it exists.")]


@app.command(
    epilog="Example: fer-edge data prepare fer2013.csv --ferplus fer2013new.csv --out fer2013.npz"
)
def prepare(
    source: Annotated[
        Path,
        typer.Argument(help="fer2013.csv, icml_face_data.csv, a folder layout, or a zip of one."),
    ],
    out: Annotated[Path, typer.Option(help="The .npz to write.")],
    ferplus: Annotated[
        Path | None, typer.Option(help="FER+ votes of the same images (fer2013new.csv).")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave broken rows out and count them.")
    ] = False,
    val_fraction: Annotated[
        float | None,
        typer.Option(help="Share of train that becomes val, for sources without one."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Which images --val-fraction picks.")] = 0,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Turn what you have into one .npz with splits, labels, votes and a digest."""
    from fer_edge.data.output import refuse_existing
    from fer_edge.data.prepare import prepare

    refuse_existing(out, force=force)
    dataset = prepare(
        source, votes=ferplus, skip_bad=skip_bad, val_fraction=val_fraction, seed=seed
    )
    dataset.save(out)
    summary: dict[str, Any] = {
        "out": str(out),
        "digest": dataset.digest,
        "images": len(dataset),
        "counts": dataset.counts(),
        "provenance": dataset.provenance,
    }
    if as_json:
        typer.echo(json.dumps(summary, indent=2, ensure_ascii=False))
        return
    _print_counts(dataset.counts())
    left_out = dataset.provenance["left_out"]
    for problem in left_out["first"]:
        typer.echo(f"left out: {problem}")
    if left_out["count"]:
        typer.echo(f"{left_out['count']} broken rows or images left out (--skip-bad)")
    typer.echo(f"{len(dataset)} images, digest {dataset.digest[:12]}: {out}")


def _print_counts(counts: dict[str, dict[str, int]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("class", *counts, "sum")
    for name in next(iter(counts.values())):
        row = [split[name] for split in counts.values()]
        table.add_row(name, *(f"{number:,}" for number in (*row, sum(row))))
    sums = [sum(split.values()) for split in counts.values()]
    table.add_section()
    table.add_row("sum", *(f"{number:,}" for number in (*sums, sum(sums))))
    Console().print(table)
