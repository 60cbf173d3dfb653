"""Rewrites the tables of README and docs that show the shipped models, from their cards.

    python -m fer_edge.release.tables
    python -m fer_edge.release.tables --test runs/test --val runs/val --counts runs/count

The figures of the shipped files come from the cards of the zoo, which `release.publish` and
`release.count` write, and those on other photos from docs/figures/priors.json. The options renew
docs/figures/fer.json, the figures of the external model that the tables compare with.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.report.counts import interval
from benchmarks.results import file as results_file
from device.errors import InputError
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.release.command import one_line

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "docs" / "figures"
EXTERNAL = FIGURES / "fer.json"

Row = list[str]
_FER = "`fer` 25.10.3"


def overview() -> Iterator[Row]:
    """Yield the rows of README: the int8 files, FER2013's and FER+'s labels in one row."""
    for model in zoo.list_models():
        file, ferplus = (model.card["files"][f"{head}_int8"] for head in ("fer2013", "ferplus"))
        test = ferplus["test"]["all"]
        majority = _percent(test["top1"], test["top1_ci95"])
        yield [f"`zoo:{model.name}`", *_accuracy(file), majority, *_cost(file)]
    yield [_FER, *_accuracy(_external()), "", *_cost(_external())]


def _accuracy(file: dict[str, Any]) -> Row:
    test, leak_free = file["test"]["all"], file["test"]["leak_free"]
    return [
        f"{file['size']['bytes'] / 1000:.0f} kB",
        f"{100 * leak_free['top1']:.2f} %",
        _percent(test["top1"], test["top1_ci95"]),
    ]


def _cost(file: dict[str, Any]) -> Row:
    """p50, and its ratio and that of the instructions on each core to the external model."""
    latency = file["latency"]
    return [
        f"{latency['p50_us'] / 1000:.2f} ms",
        f"{latency['ratio_to_first']:.2f}x",
        *(f"{ratio}x" for ratio in _instruction_ratios(file)),
    ]


def _instruction_ratios(file: dict[str, Any]) -> Row:
    """The instructions on each core, relative to those of the external model."""
    counted = zip(file["counts"], _external()["counts"], strict=True)
    return [f"{one['instructions'] / own['instructions']:.2f}" for one, own in counted]


def results() -> Iterator[Row]:
    """Yield the rows of docs/results.md: every measured file."""
    yield [f"{_FER}, `emotion_model_quantized`", *_full(_external())]
    for model in zoo.list_models():
        for stem, file in model.card["files"].items():
            yield [f"`zoo:{model.name}/{stem}`{_unshipped(file)}", *_full(file)]


def _full(file: dict[str, Any]) -> Row:
    test, latency = file["test"]["all"], file["latency"]
    return [
        f"{100 * file['val']['top1']:.2f}",
        f"{100 * file['test']['leak_free']['top1']:.2f}",
        _bracketed(test),
        f"{test['macro_f1']:.3f}",
        f"{file['size']['bytes'] / 1000:.1f}",
        f"{file['size']['bytes_gzip'] / 1000:.1f}",
        f"{latency['p50_us']:.0f}",
        f"{latency['ratio_to_first']:.2f}",
    ]


def counts() -> Iterator[Row]:
    """Yield the rows of docs/count.md: instructions of every shipped file on every core."""
    files = {
        f"`zoo:{model.name}/{stem}`": file
        for model in zoo.list_models()
        for stem, file in model.card["files"].items()
        if file["shipped"]
    }
    files[_FER] = _external()
    for i, own in enumerate(_external()["counts"]):
        for name, file in files.items():
            one = file["counts"][i]
            kinds = one["by_kind"]
            yield [
                one["core"],
                name,
                f"{one['instructions'] / 1e6:.2f}",
                f"{one['instructions'] / own['instructions']:.2f}x",
                *(
                    f"{kinds[kind] / 1e6:.2f}"
                    for kind in ("dot_product", "integer_multiply", "float_multiply")
                ),
                f"{one['working_set_bytes'] / 1000:.0f}",
                "; ".join(
                    f"{board['board'].removeprefix('Raspberry ')} "
                    f"{interval(board['ms_low'], board['ms_high'])}"
                    for board in one["estimate"]["boards"]
                    if not board["board"].endswith("3B+")
                ),
            ]


def pruned() -> Iterator[Row]:
    """Yield the rows of docs/models.md: each pruned model below the one that it was made of."""
    for name in zoo.NAMES:
        for model in (zoo.find(name), zoo.find(f"{name}{zoo.PRUNED}")):
            file, ferplus = (model.card["files"][f"{head}_int8"] for head in ("fer2013", "ferplus"))
            latency = file["latency"]
            yield [
                f"`zoo:{model.name}`",
                f"{100 * file['val']['top1']:.2f}",
                f"{100 * ferplus['val']['top1']:.2f}",
                f"{100 * file['test']['leak_free']['top1']:.2f}",
                _bracketed(file["test"]["all"]),
                _bracketed(ferplus["test"]["all"]),
                f"{file['size']['bytes'] / 1000:.0f}",
                f"{latency['p50_us']:.0f} ({latency['ratio_to_first']:.2f}x)",
                ", ".join(f"{one['instructions'] / 1e6:.2f}" for one in file["counts"]),
                ", ".join(_instruction_ratios(file)),
            ]


def camera() -> Iterator[Row]:
    """Yield the rows of docs/models.md: the int8 files on photos of another kind."""
    entries = {
        one["file"]: one
        for one in json.loads((FIGURES / "priors.json").read_text())["entries"]
        if not one["exponent"]
    }
    for model in reversed(zoo.list_models()):
        for path in (path for path in model.files if path.stem.endswith("_int8")):
            one = entries[f"zoo:{model.name}/{path.stem}"]
            recalls = ", ".join(f"{100 * share:.0f}" for share in one["other_recalls"].values())
            yield [
                f"`zoo:{model.name}/{path.stem}`",
                f"{100 * one['other_top1']:.1f}",
                f"{100 * one['other_recall_of_five']:.1f}",
                recalls,
            ]


TABLES: dict[tuple[str, str], Callable[[], Iterator[Row]]] = {
    ("README.md", "| model | size | leak-free |"): overview,
    ("docs/results.md", "| file | PublicTest | leak-free |"): results,
    ("docs/count.md", "| core | model | M instructions |"): counts,
    ("docs/models.md", "| file | PublicTest | its FER+ labels |"): pruned,
    ("docs/models.md", "| int8 file | top-1 | mean recall of five |"): camera,
}
"""The rows of each table, by page and beginning of the table's first header that matches."""


def rewritten(page: str, header: str) -> str:
    """Return the text of a page with the rows of a table replaced.

    Raises:
        InputError: the page has no such table.
    """
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    found = [i for i, line in enumerate(lines) if line.startswith(header)]
    if not found:
        raise InputError(f"{page} has no table that starts with {header!r}")
    start = found[0] + 2
    end = next(i for i in range(start, len(lines) + 1) if not _is_row(lines, i))
    rows = ["| " + " | ".join(cells) + " |" for cells in TABLES[page, header]()]
    rows = [row.replace("|  |", "| |") for row in rows]
    return "\n".join([*lines[:start], *rows, *lines[end:]]) + "\n"


def _is_row(lines: list[str], i: int) -> bool:
    return i < len(lines) and lines[i].startswith("|")


def _bracketed(test: dict[str, Any]) -> str:
    """Top-1 in percent with its 95 % interval in brackets."""
    low, high = (100 * end for end in test["top1_ci95"])
    return f"{100 * test['top1']:.2f} [{low:.1f}, {high:.1f}]"


def _percent(share: float, bounds: list[float]) -> str:
    low, high = (100 * end for end in bounds)
    return f"{100 * share:.2f} % [{low:.1f}, {high:.1f}]"


def _unshipped(file: dict[str, Any]) -> str:
    return "" if file["shipped"] else " (not shipped)"


def _external() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(EXTERNAL.read_text(encoding="utf-8"))
    return found


def external(test: Path, val: Path, counted: Path) -> dict[str, Any]:
    """Return the figures of the external model, the first of three measurements.

    Args:
        test: folder of `fer-edge bench --split test`.
        val: folder of `fer-edge bench --split val`.
        counted: folder of `fer-edge bench --count`.
    """
    blocks = [results_file.load(folder / "results.json") for folder in (test, val, counted)]
    on_test, on_val, by_core = (block["models"][0] for block in blocks)
    latency = on_test["latency"]
    assert latency is not None  # measured with --split test
    return {
        "name": on_test["name"],
        "sha256": on_test["sha256"],
        "measured": blocks[0]["created"],
        "size": on_test["size"],
        "test": {"all": on_test["accuracy"], "leak_free": on_test["accuracy_leak_free"]},
        "val": on_val["accuracy"],
        "latency": {"p50_us": latency["p50_us"], "ratio_to_first": latency["ratio_to_first"]},
        "counts": by_core["counts"],
    }


def main(
    test: Annotated[Path | None, typer.Option(help="Folder of bench --split test.")] = None,
    val: Annotated[Path | None, typer.Option(help="Folder of bench --split val.")] = None,
    counted: Annotated[
        Path | None, typer.Option("--counts", help="Folder of bench --count.")
    ] = None,
) -> None:
    """Rewrite the tables."""
    with one_line("tables"):
        if test and val and counted:
            with replacing(EXTERNAL) as partial:
                partial.write_text(json.dumps(external(test, val, counted), indent=1) + "\n")
        for page, header in TABLES:
            text = rewritten(page, header)
            with replacing(ROOT / page) as partial:
                partial.write_text(text, encoding="utf-8")
            typer.echo(page)


if __name__ == "__main__":
    typer.run(main)
