"""Tables of `fer-edge data`."""

from collections.abc import Mapping
from typing import Any


def findings(figures: dict[str, Any]) -> list[str]:
    """Describe the summary of an audit, a line each."""
    exact, near, leaked = (
        figures[name] for name in ("exact_duplicates", "near_duplicates", "leaked")
    )
    lines = [
        f"Exact duplicates: {exact['groups']:,} groups of {exact['images']:,} images; "
        f"{exact['images_with_conflicting_labels']:,} of them have conflicting labels",
        f"Near duplicates (correlation above {near['threshold']}): {near['pairs']:,} pairs",
        f"Leaked: {leaked['test']:,} test and {leaked['val']:,} val images also occur in train "
        f"({leaked['train_rows_to_drop']:,} train images occur in val or test)",
        f"Constant images: {figures['constant_images']:,}",
    ]
    if votes := figures["votes"]:
        lines.append(
            f"Votes: {votes['with_majority']:,} images have a majority, which contradicts the "
            f"label of {votes['majority_contradicts_label']:,}; "
            f"{votes['without_a_vote_for_label']:,} have no vote for their label"
        )
    return lines


def print_twins(twins: dict[str, dict[str, int]]) -> None:
    """Print how many images of each split have a twin in each split."""
    from rich.console import Console
    from rich.table import Table

    table = Table("images with a twin", *(f"in {split}" for split in twins))
    for split, there in twins.items():
        table.add_row(f"of {split}", *(f"{number:,}" for number in there.values()))
    Console().print(table)


def print_counts(counts: Mapping[str, Mapping[str, int]]) -> None:
    """Print the number of images by class and split."""
    from rich.console import Console
    from rich.table import Table

    from device.system.terminal import verbatim

    table = Table("class", *counts, "sum")
    for name in dict.fromkeys(name for split in counts.values() for name in split):
        row = [split.get(name, 0) for split in counts.values()]
        table.add_row(verbatim(name), *(f"{number:,}" for number in (*row, sum(row))))
    sums = [sum(split.values()) for split in counts.values()]
    table.add_section()
    table.add_row("sum", *(f"{number:,}" for number in (*sums, sum(sums))))
    Console().print(table)
