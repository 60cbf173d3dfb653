"""`predict --batch`: labels archives and writes Parquet."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from device.errors import InputError
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PANEL = "Archives (--batch)"

BatchOption = Annotated[
    bool,
    typer.Option(
        "--batch",
        help="Label folders with their subfolders, videos and lists (.txt) on several processes, "
        "and write Parquet files to the folder --out. Rerunning the same command resumes an "
        "interrupted batch.",
        rich_help_panel=PANEL,
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of processes on this machine.",
        show_default="one per core",
        rich_help_panel=PANEL,
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Address of a running Dask scheduler whose workers can read the files.",
        rich_help_panel=PANEL,
    ),
]
FramesOption = Annotated[
    int, typer.Option(min=1, help="Label every n-th frame of a video.", rich_help_panel=PANEL)
]
PerPartOption = Annotated[
    int, typer.Option(min=1, help="Number of images per Parquet file.", rich_help_panel=PANEL)
]


def label_archive(
    words: Sequence[str],
    model: Path,
    out: Path | None,
    *,
    detector: str,
    detector_model: Path | None,
    largest: bool,
    weights: "NDArray[np.float32] | None",
    workers: int | None,
    scheduler: str | None,
    frames: int,
    per_part: int,
    as_json: bool,
) -> None:
    """Run a batch and print a summary."""
    from fer_edge.extras import require

    require("batch", ("distributed", "pyarrow"), "fer-edge predict --batch")
    from fer_edge.batch import plan, run

    if out is None:
        raise InputError("--batch needs --out: the folder of the Parquet files")
    try:
        digest = hashlib.sha256(model.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{model}: cannot be read ({error.strerror})") from error
    settings = plan.Settings(
        model=str(model.absolute()),
        digest=digest,
        detector=detector,
        detector_model=str(detector_model.absolute()) if detector_model else None,
        largest=largest,
        every=frames,
        per_part=per_part,
        weights=None if weights is None else tuple(map(float, weights)),
    )
    parts = plan.prepare(words, settings, out)
    done = run.run(
        parts, settings, out, workers=workers or os.cpu_count() or 1, scheduler=scheduler
    )
    if as_json:
        print_json({"out": str(out), "parts": len(parts), **done})
        return
    echo(
        f"{done['files']:,} files labeled, {done['faces']:,} faces, {done['errors']:,} unreadable "
        f"files; {len(parts):,} Parquet files: {out}"
    )
