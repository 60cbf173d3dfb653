"""Every command that README and the docs show is one that `fer-edge` takes; the cheap ones run."""

import ast
import csv
import re
import shlex
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer.main
from skimage.data import astronaut
from typer.testing import CliRunner

from fer_edge.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
BEFORE = {"sudo", "run:", "-"}
"""Words that stand before a command: of a shell, of a workflow."""
PLACEHOLDERS = str.maketrans({"[": " ", "]": " ", "…": " "})
OTHER_OPTIONS = {"--against", "--images", "--save"}
"""Of `python -m fer_edge.release...`."""

CHEAP = [
    "fer-edge predict portrait.jpg",
    "fer-edge data prepare fer2013.csv --ferplus fer2013new.csv --out fer2013.npz",
    "fer-edge data audit fer2013.npz",
    "fer-edge export zoo:base --out expression.tflite",
    "fer-edge inspect zoo:base",
    "fer-edge zoo",
    "fer-edge zoo --for cortex-a72 --budget 5ms",
    "fer-edge zoo --for here",
    "fer-edge doctor",
    "fer-edge gate --print-rules",
    "fer-edge report runs/bench/results.json",
    "fer-edge predict zoo:base portrait.jpg --json",
    "fer-edge export zoo:base --format c --out model.cc",
]
"""Commands of the docs that take no more than a few seconds, in an order in which they can run."""


def commands(text: str) -> Iterator[list[str]]:
    """The `fer-edge` commands in the code blocks of a page, as words without `fer-edge`."""
    for _, block in BLOCK.findall(text):
        lines = block.replace("\\\n", " ").splitlines()
        shown = [line[2:] for line in lines if line.startswith("$ ")]
        for line in shown or lines:
            yield from in_line(line)


def in_line(line: str) -> Iterator[list[str]]:
    """The commands of one line of a shell or of a workflow."""
    if "fer-edge " not in f"{line} ":
        return
    reader = shlex.shlex(line.translate(PLACEHOLDERS), posix=True, punctuation_chars="&|;<>")
    reader.whitespace_split = True
    try:
        words = list(reader)
    except ValueError:  # prose with an apostrophe
        return
    part: list[str] = []
    for word in [*words, ";"]:
        if set(word) <= set("&|;<>"):
            while part and (part[0] in BEFORE or re.match(r"[A-Z_]+=", part[0])):
                part = part[1:]
            if part and part[0] == "fer-edge":
                yield part[1:]
            part = []
        else:
            part.append(word)


@cache
def group() -> typer.main.TyperGroup:
    command = typer.main.get_command(app)
    assert isinstance(command, typer.main.TyperGroup)
    return command


def parse(words: list[str]) -> None:
    """Parse a command line to its values, and run nothing."""
    command, rest, context = group(), words, group().make_context("fer-edge", list(words))
    while isinstance(command, typer.main.TyperGroup):
        name, command, rest = command.resolve_command(context, list(rest))
        context = command.make_context(name, list(rest), parent=context)


SHOWN = [(page, words) for page in PAGES for words in commands(page.read_text())]


@pytest.mark.parametrize(
    ("page", "words"), SHOWN, ids=[f"{page.name}-{shlex.join(words)}" for page, words in SHOWN]
)
def test_a_command_of_a_page_is_one_that_the_program_takes(page: Path, words: list[str]) -> None:
    parse([word for word in words if word not in ("-h", "--help")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_in_a_sentence_exist(page: Path) -> None:
    known = {"--help"} | {
        option
        for name in every_command(group())
        for parameter in name.params
        for option in [*parameter.opts, *parameter.secondary_opts]
    }
    text = BLOCK.sub("", page.read_text())
    for code in INLINE.findall(text):
        if code.startswith("fer-edge "):
            name = code.split()[1]
            assert name.startswith("-") or name in group().commands, f"{page.name}: {code}"
        elif not code.startswith("--"):  # a command of another program
            continue
        for option in re.findall(r"(?:^|[\s/])(--[a-z][\w-]*)", code):
            assert option in known | OTHER_OPTIONS, f"{page.name}: {code}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_sentence_names_exist(page: Path) -> None:
    for code in INLINE.findall(BLOCK.sub("", page.read_text())):
        if re.fullmatch(
            r"(tests|docs|examples|fer_edge|device|quantization|benchmarks)/[\w./-]+", code
        ):
            assert "NAME" in code or (ROOT / code).exists(), f"{page.name}: {code}"


def every_command(command) -> Iterator:
    yield command
    for child in getattr(command, "commands", {}).values():
        yield from every_command(child)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_of_a_page_imports_what_exists(page: Path) -> None:
    for language, block in BLOCK.findall(page.read_text()):
        if language != "python":
            continue
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module:
                for name in (alias.name for alias in node.names):
                    assert defined(node.module, name), f"{page.name}: {node.module}.{name}"


def defined(module: str, name: str) -> bool:
    """Whether a module of ours defines or imports a name; modules of others are not looked at."""
    place = ROOT / module.replace(".", "/")
    if not (ROOT / module.split(".")[0]).is_dir():
        return True
    if (place / f"{name}.py").is_file() or (place / name).is_dir():
        return True
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    return file.is_file() and name in names(ast.parse(file.read_text()))


def names(module: ast.Module) -> set[str]:
    """What a module defines or imports at its top."""
    found = set()
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found |= {target.id} if isinstance(target, ast.Name) else set()
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands of the docs name: a portrait, tables, results."""
    folder = tmp_path_factory.mktemp("docs")
    cv2.imwrite(str(folder / "portrait.jpg"), astronaut()[:, :, ::-1])
    (folder / "runs/bench").mkdir(parents=True)
    results = ROOT / "tests/benchmarks/data/results-2.0.json"
    shutil.copy(results, folder / "runs/bench/results.json")
    rng = np.random.default_rng(0)
    votes = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"]
    usages = [usage for usage in ("Training", "PublicTest", "PrivateTest") for _ in range(7)]
    with (
        (folder / "fer2013.csv").open("w", newline="") as faces,
        (folder / "fer2013new.csv").open("w", newline="") as ferplus,
    ):
        table, voted = csv.writer(faces), csv.writer(ferplus)
        table.writerow(["emotion", "pixels", "Usage"])
        voted.writerow(["Usage", "Image name", *votes, "unknown", "NF"])
        for row, usage in enumerate(usages):
            pixels = rng.integers(0, 256, 48 * 48)
            table.writerow([row % 7, " ".join(map(str, pixels)), usage])
            voted.writerow(
                [usage, f"fer{row:07}.png", *[10 * (row % 8 == k) for k in range(8)], 0, 0]
            )
    return folder


@pytest.mark.parametrize("command", CHEAP)
def test_cheap_commands_of_the_docs_run(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = shlex.split(command)[1:]
    assert any(words == shown for _, shown in SHOWN), "the docs do not show it any more"
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
