"""The structure described in docs/architecture.md exists and has no import cycle."""

import re
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("device", "quantization", "benchmarks", "fer_edge")
PAGE = (ROOT / "docs" / "architecture.md").read_text()


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True)


def test_no_two_modules_import_each_other_even_over_others(graph: grimp.ImportGraph) -> None:
    """Strongly connected components by repeatedly removing modules that import nothing left."""
    imports = {name: set(graph.find_modules_directly_imported_by(name)) for name in graph.modules}
    while leaves := {name for name, found in imports.items() if not found & imports.keys()}:
        imports = {name: found for name, found in imports.items() if name not in leaves}
    assert not imports


def test_the_tree_names_every_folder() -> None:
    tree = PAGE.split("## The tree")[1].split("```")[1]
    for package in PACKAGES:
        part = tree.split(f"{package}/ ")[1]
        for folder in sorted((ROOT / package).iterdir()):
            if (folder / "__init__.py").exists():
                assert f"{folder.name}/" in part, folder


def test_every_path_in_the_tables_exists() -> None:
    tables = PAGE.split("## Where is ...")[1].split("## Contracts")[0]
    paths = re.findall(r"`((?:device|quantization|benchmarks|fer_edge|docs)/[\w./]+)`", tables)
    assert len(paths) > 25
    for path in paths:
        assert "NAME" in path or (ROOT / path).exists(), path
