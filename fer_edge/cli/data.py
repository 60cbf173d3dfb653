"""`fer-edge data`: prepare, audit and synth."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fer_edge.cli.shared.json_output import echo_json
from fer_edge.cli.shared.options import MAP_HELP
from fer_edge.cli.shared.terminal import echo

app = typer.Typer(
    name="data",
    no_args_is_help=True,
    help="Read, check and generate labeled faces.",
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
        typer.Argument(
            help="fer2013.csv, icml_face_data.csv, class folders, or an archive of one."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The .npz to write.")],
    ferplus: Annotated[
        Path | None, typer.Option(help="FER+ votes of the same images (fer2013new.csv).")
    ] = None,
    label_map: Annotated[
        str | None,
        typer.Option("--map", help=MAP_HELP),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave broken rows out and count them.")
    ] = False,
    val_fraction: Annotated[
        float | None,
        typer.Option(help="Share of train that becomes val, for sources without one."),
    ] = None,
    test_fraction: Annotated[
        float | None,
        typer.Option(
            help="Share of train that becomes test, for sources without one; taken before val."
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=6, help="Number of images at most, the same share of each class and split."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="RNG seed of the fractions and of --limit.")] = 0,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Turn what you have into one .npz with splits, labels, votes and a digest."""
    from fer_edge.data.label_map import load
    from fer_edge.data.output import refuse_existing
    from fer_edge.data.prepare import notes, prepare

    refuse_existing(out, force=force)
    dataset = prepare(
        source,
        votes=ferplus,
        skip_bad=skip_bad,
        val_fraction=val_fraction,
        test_fraction=test_fraction,
        limit=limit,
        seed=seed,
        label_map=load(label_map) if label_map else None,
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
        echo_json(summary, indent=2)
        return
    _print_counts(dataset.counts())
    for line in notes(dataset):
        echo(line)
    echo(f"{len(dataset)} images, digest {dataset.digest[:12]}: {out}")


@app.command(epilog="Example: fer-edge data audit fer2013.npz")
def audit(
    data: Annotated[Path, typer.Argument(help="A .npz of `fer-edge data prepare`.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for figures and lists.", show_default="NAME.audit")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look for duplicates, leaks between the splits, empty images and contradicting votes.

    The rows that stand in several splits are written to NAME.leaked.csv beside the data, where
    training and evaluation find them.
    """
    from fer_edge.data import audit_report, leaks
    from fer_edge.data.audit import audit, summary
    from fer_edge.data.dataset import load

    dataset = load(data)
    found = audit(dataset)
    leaked = leaks.list_path(data)
    found.leaks.save(leaked)
    written = audit_report.write(dataset, found, out or data.with_suffix(".audit"))
    figures = summary(dataset, found)
    if as_json:
        files = [str(path) for path in (leaked, *written)]
        echo_json(figures | {"files": files}, indent=2)
        return
    _print_counts(figures["counts"])
    _print_twins(figures["images_with_twin"])
    for line in _findings(figures):
        echo(line)
    echo(f"Leaked rows: {leaked}")
    echo(f"Figures and lists: {written[0].parent}")


@app.command(
    epilog="Example: fer-edge data synth --per-class 400 --out synthetic.npz --sheet sheet.png"
)
def synth(
    out: Annotated[Path, typer.Option(help="The .npz to write.")],
    per_class: Annotated[int, typer.Option(help="Faces of each expression.", min=3)] = 400,
    size: Annotated[int, typer.Option(help="Width and height of a face, pixels.")] = 48,
    seed: Annotated[int, typer.Option(help="Whose faces.", min=0)] = 0,
    sheet: Annotated[
        Path | None, typer.Option(help="Also draw a contact sheet for people to look at (.png).")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Draw synthetic faces: to try the tools with; they say nothing about people."""
    from fer_edge.data import synthetic
    from fer_edge.data.output import refuse_existing

    for option, path in (("--out", out), ("--sheet", sheet)):
        if path is not None:
            refuse_existing(path, force=force, option=option)
    dataset = synthetic.generate(per_class, size=size, seed=seed)
    dataset.save(out)
    if sheet is not None:
        synthetic.contact_sheet(sheet, seed=seed)
    if as_json:
        summary = {
            "out": str(out),
            "sheet": str(sheet) if sheet else None,
            "digest": dataset.digest,
            "images": len(dataset),
            "counts": dataset.counts(),
            "provenance": dataset.provenance,
        }
        echo_json(summary, indent=2)
        return
    _print_counts(dataset.counts())
    echo(f"{len(dataset)} synthetic images, digest {dataset.digest[:12]}: {out}")
    if sheet is not None:
        echo(f"Contact sheet: {sheet}")


def _findings(figures: dict[str, Any]) -> list[str]:
    exact, near, leaked = (
        figures[name] for name in ("exact_duplicates", "near_duplicates", "leaked")
    )
    lines = [
        f"Exact duplicates: {exact['groups']:,} groups of {exact['images']:,} images; "
        f"{exact['images_with_conflicting_labels']:,} of them differ in label",
        f"Near duplicates (correlation above {near['threshold']}): {near['pairs']:,} pairs",
        f"Leaked: {leaked['test']:,} test and {leaked['val']:,} val images also stand in train "
        f"({leaked['train_rows_to_drop']:,} train images stand in val or test)",
        f"Constant images: {figures['constant_images']:,}",
    ]
    if votes := figures["votes"]:
        lines.append(
            f"Votes: {votes['with_majority']:,} images have a majority, which contradicts the "
            f"label of {votes['majority_contradicts_label']:,}; "
            f"{votes['without_a_vote_for_label']:,} have no vote for their label"
        )
    return lines


def _print_twins(twins: dict[str, dict[str, int]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("images with a twin", *(f"in {split}" for split in twins))
    for split, there in twins.items():
        table.add_row(f"of {split}", *(f"{number:,}" for number in there.values()))
    Console().print(table)


def _print_counts(counts: dict[str, dict[str, int]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from device.system.terminal import verbatim

    table = Table("class", *counts, "sum")
    for name in next(iter(counts.values())):
        row = [split[name] for split in counts.values()]
        table.add_row(verbatim(name), *(f"{number:,}" for number in (*row, sum(row))))
    sums = [sum(split.values()) for split in counts.values()]
    table.add_section()
    table.add_row("sum", *(f"{number:,}" for number in (*sums, sum(sums))))
    Console().print(table)
