"""A model card as Markdown, with all figures from `card.json`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from benchmarks.report.counts import interval


def markdown(card: dict[str, Any]) -> str:
    """Render the card of a shipped model.

    Args:
        card: content of its `card.json`.

    Returns:
        The text of `CARD.md`.
    """
    files = card["files"]
    integer = [stem for stem in files if stem.endswith("_int8")]
    parts = [
        f"# {card['name']}",
        f"{card['description']}.",
        "A net that classifies the expression of a 48x48 gray face, as people would label it. It "
        "cannot know what a person feels; do not use it for decisions about people.",
        _overview(card),
        *_boards(card),
        *(f"## {_title(stem, files[stem])}\n\n{_accuracy(files[stem])}" for stem in integer),
        f"## How it was made\n\n{_origin(card)}",
    ]
    return "\n\n".join(parts) + "\n"


def _title(stem: str, file: dict[str, Any]) -> str:
    labels = f"{file['head']} labels, int8"
    return f"{labels}, {stem}" if "reweighting" in file else labels


def _overview(card: dict[str, Any]) -> str:
    rows = []
    for stem, file in card["files"].items():
        test, latency = file["test"]["all"], file["latency"]
        rows.append(
            [
                f"`{stem}.tflite`" if file["shipped"] else f"{stem} (not shipped)",
                _percent(file["val"]["top1"]),
                f"{_percent(test['top1'])} [{_interval(test['top1_ci95'])}]",
                _leak_free(file),
                f"{test['macro_f1']:.3f}",
                f"{test['ece']:.3f}",
                f"{file['size']['bytes'] / 1000:.0f} kB",
                f"{latency['p50_us']:.0f} µs",
                f"{latency['ratio_to_first']:.2f}x",
            ]
        )
    head = "file|PublicTest|PrivateTest (95 %)|leak-free|macro-F1|ECE|size|p50|latency ratio"
    size = next(iter(card["files"].values()))["size"]
    machine = card["machine"]
    return "\n\n".join(
        (
            _table(head.split("|"), rows),
            f"{size['parameters']:,} parameters, {size['multiply_adds'] / 1e6:.1f} M "
            f"multiply-adds. Latency: one thread of {machine['cpu']} ({machine['architecture']}, "
            f"core class {machine.get('core_class', 'unknown')}), "
            f"{card['runtime']}, the ratio to {card['reference']} in the same interleaved run. "
            "Accuracy is that of the file, single crop; PublicTest chose the epoch, PrivateTest "
            "was read once. The ferplus labels are scored by FER+'s majority rule.",
        )
    )


def _boards(card: dict[str, Any]) -> Iterator[str]:
    """Yield the table of instruction counts, if there are counts."""
    rows = [
        [
            f"`{stem}.tflite`",
            count["core"],
            f"{count['instructions'] / 1e6:.2f} M",
            f"{count['by_kind']['dot_product'] / 1e6:.2f} M",
            f"{count['working_set_bytes'] / 1000:.0f} kB",
            "; ".join(
                f"{board['board'].removeprefix('Raspberry ')} "
                f"{interval(board['ms_low'], board['ms_high'])} ms"
                for board in count["estimate"]["boards"]
            ),
        ]
        for stem, file in card["files"].items()
        for count in file.get("counts", ())
    ]
    if not rows:
        return
    head = "file|core|instructions|of these dot products|working set|estimated time"
    yield (
        "## On Arm boards\n\nInstructions of one inference, counted under emulation; times are "
        "estimated from them, without memory stalls (docs/count.md).\n\n"
        + _table(head.split("|"), rows)
    )


def _leak_free(file: dict[str, Any]) -> str:
    block = file["test"]["leak_free"]
    return _percent(block["top1"]) if block else "-"


def _accuracy(file: dict[str, Any]) -> str:
    block = file["test"]["all"]
    classes = [
        [
            c["label"],
            _percent(c["precision"]),
            _percent(c["recall"]),
            f"{c['f1']:.3f}",
            c["support"],
        ]
        for c in block["classes"]
    ]
    confusion = [
        [f"**{label}**", *row]
        for label, row in zip(file["labels"], block["confusion"], strict=True)
    ]
    return "\n\n".join(
        (
            _table(["class", "precision", "recall", "F1", "images"], classes),
            "Rows are the correct classes, columns the predictions:",
            _table(["", *file["labels"]], confusion),
        )
    )


def _origin(card: dict[str, Any]) -> str:
    hours = ", ".join(f"{stage} {spent:g}" for stage, spent in card["hours"].items())
    resumed = card.get("resumed")
    parted = (
        f"; the first {resumed['epochs']} epochs of the float net are those of an earlier release, "
        "from whose weights it continued"
        if resumed
        else ""
    )
    recipe = card["recipe"]["name"]
    command = card.get("command", f"fer-edge pipeline {recipe} --data fer2013.npz")
    lines = [
        f"- Seed {card['seed']}: `{command}`",
        f"- Data: {card['data']['name']}, digest `{card['data']['digest']}`; training images that "
        "also occur in PublicTest or PrivateTest were excluded",
        *_reweighted(card["files"]),
        *_further(card["data"].get("sources", {})),
        f"- Hours of training on two cores: {hours}{parted}",
        "- To fine-tune it on your own faces and labels: "
        f"`fer-edge pipeline --init zoo:{card['name']} --data my_faces/`",
    ]
    return "\n".join(lines)


def _reweighted(files: dict[str, Any]) -> Iterator[str]:
    """Yield the command that makes each file with changed predictions from the run's files."""
    for stem, file in files.items():
        if change := file.get("reweighting"):
            options = " ".join(
                f"--{key.replace('_', '-')} {change[key]}"
                for key in ("blend", "prior", "prior_exponent")
                if key in change
            )
            yield (
                f"- `{stem}.tflite`: `fer-edge export runs/RUN --head {file['head']} {options} "
                f"--input gray --io int8 --out {stem}.tflite`"
            )


def _further(sources: dict[str, Any]) -> list[str]:
    """Return one line per additional training set."""
    return [
        f"- Additional data: {name}, {100 * source['share']:.0f} % of each batch, digest "
        f"`{source['digest']}`; license of its images: {source['license']}"
        for name, source in sources.items()
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _interval(pair: Sequence[float]) -> str:
    return ", ".join(f"{100 * end:.1f}" for end in pair)
