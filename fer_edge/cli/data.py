"""`fer-edge data`: prepare, shards, audit and synth."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fer_edge.cli.shared.data_options import Ferplus, MapName, SkipBad, TestFraction, ValFraction
from fer_edge.cli.shared.data_tables import findings, print_counts, print_twins
from fer_edge.cli.shared.json_output import echo_json
from fer_edge.cli.shared.terminal import echo

app = typer.Typer(
    name="data",
    no_args_is_help=True,
    help="Prepare, audit and generate labeled faces.",
    epilog="Example: fer-edge data prepare fer2013.csv --out fer2013.npz",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Force = Annotated[bool, typer.Option("--force", help="Replace existing output.")]


@app.command(
    epilog="Example: fer-edge data prepare fer2013.csv --ferplus fer2013new.csv --out fer2013.npz"
)
def prepare(
    source: Annotated[
        Path,
        typer.Argument(
            help="fer2013.csv, icml_face_data.csv, a folder of class folders, or an archive of one."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The .npz file to write.")],
    ferplus: Ferplus = None,
    label_map: MapName = None,
    skip_bad: SkipBad = False,
    val_fraction: ValFraction = None,
    test_fraction: TestFraction = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=6, help="Maximum number of images; keeps the proportions of classes and splits."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="RNG seed for the fractions and --limit.")] = 0,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Convert a data set to one .npz file with splits, labels, votes and a digest."""
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
    print_counts(dataset.counts())
    for line in notes(dataset):
        echo(line)
    echo(f"{len(dataset)} images, digest {dataset.digest[:12]}: {out}")


@app.command(epilog="Example: fer-edge data shards faces/ --val-fraction 0.05 --out shards")
def shards(
    source: Annotated[
        Path,
        typer.Argument(
            help="Class folders or an archive of them, a .npz of `data prepare`, or a table."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to create.")],
    ferplus: Ferplus = None,
    label_map: MapName = None,
    skip_bad: SkipBad = False,
    val_fraction: ValFraction = None,
    test_fraction: TestFraction = None,
    per_shard: Annotated[
        int, typer.Option(min=1, help="Number of images per shard; at most 256 shards.")
    ] = 10_000,
    seed: Annotated[
        int, typer.Option(min=0, help="RNG seed of the fractions and of the assignment to shards.")
    ] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing folder of shards.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write training images as TFRecord shards, for sets larger than memory.

    Image folders are read 4,096 images at a time; `train` and `pipeline` stream the shards.
    """
    from fer_edge.extras import TRAINING, require

    require("train", TRAINING, "fer-edge data shards")
    from fer_edge.data.label_map import load
    from fer_edge.data.output import refuse_existing_folder
    from fer_edge.data.shards import index, write
    from fer_edge.data.shards.source import open_source
    from fer_edge.training.load_tensorflow import load_tensorflow

    refuse_existing_folder(out, force=force and index.is_shards(out))
    faces = open_source(
        source,
        votes=ferplus,
        skip_bad=skip_bad,
        val_fraction=val_fraction,
        test_fraction=test_fraction,
        seed=seed,
        label_map=load(label_map) if label_map else None,
    )
    load_tensorflow()
    found = write.write(faces, out, per_shard=per_shard, seed=seed, force=force)
    if as_json:
        echo_json({"out": str(out), **found.model_dump(mode="json")}, indent=2)
        return
    print_counts(found.counts)
    for row in found.provenance.get("left_out", {}).get("first", ()):
        echo(f"left out: {row}")
    leaked = sum(found.counts["leaked"].values())
    if leaked:
        kind = "to the pixel or nearly so" if found.leaks == "near" else "to the pixel"
        echo(f"leaked: {leaked:,} training images are also in val or test, {kind}")
    total = found.images(leaked=True)
    echo(f"{total:,} training images in {len(found.shards)} shards, {found.digest[:12]}: {out}")


@app.command(epilog="Example: fer-edge data audit fer2013.npz")
def audit(
    data: Annotated[Path, typer.Argument(help="A .npz file from `fer-edge data prepare`.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for figures and lists.", show_default="NAME.audit")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find duplicates, leaks between splits, empty images and contradicting votes.

    Rows that occur in several splits are written to NAME.leaked.csv next to the data, where
    training and evaluation look for it.
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
    print_counts(figures["counts"])
    print_twins(figures["images_with_twin"])
    for line in findings(figures):
        echo(line)
    echo(f"Leaked rows: {leaked}")
    echo(f"Figures and lists: {written[0].parent}")


@app.command(
    epilog="Example: fer-edge data synth --per-class 400 --out synthetic.npz --sheet sheet.png"
)
def synth(
    out: Annotated[Path, typer.Option(help="The .npz file to write.")],
    per_class: Annotated[int, typer.Option(help="Number of faces per expression.", min=3)] = 400,
    size: Annotated[int, typer.Option(help="Width and height of a face in pixels.")] = 48,
    seed: Annotated[int, typer.Option(help="RNG seed of the faces.", min=0)] = 0,
    sheet: Annotated[
        Path | None, typer.Option(help="Also draw a contact sheet to look at (.png).")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Generate synthetic faces for trying out the tools; results on them do not apply to people."""
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
    print_counts(dataset.counts())
    echo(f"{len(dataset)} synthetic images, digest {dataset.digest[:12]}: {out}")
    if sheet is not None:
        echo(f"Contact sheet: {sheet}")
