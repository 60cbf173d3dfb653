"""The generated pages name everything there is, and the site builds without a broken link."""

import json
import re
from pathlib import Path

import pytest
import typer.main

import fer_edge
from fer_edge.cli.app import app
from fer_edge.recipe import Recipe
from fer_edge.release import reference, site

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference.pages()


def rows(page: str) -> list[list[str]]:
    """The cells of all tables of a page."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_every_command_has_its_options_and_an_example(pages: dict[str, str]) -> None:
    page = pages["reference/commands.md"]
    parts = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    found = set()
    for words, command in reference.leaves(typer.main.get_command(app)):
        found.add(words)
        assert re.search(r"Example: `.*fer-edge ", parts[words])
        for parameter in command.params:
            if parameter.param_type_name == "option" and not parameter.hidden:
                assert parameter.opts[0] in parts[words]
    assert found == set(parts) >= {"bench", "data prepare", "service install"}


def test_every_key_of_a_recipe_has_type_and_meaning(pages: dict[str, str]) -> None:
    page = pages["reference/recipe.md"]
    keys = {row[0].strip("`"): row for row in rows(page)}
    assert set(Recipe.model_fields) <= set(keys)
    assert [row[0] for row in rows(page) if not (row[1] and row[3])] == []
    assert keys["flip"][1:3] == ["boolean", "`true`"]
    assert keys["batch"][1:3] == ["integer, at least 1 and at most 65,536", "`128`"]


@pytest.mark.parametrize("name", reference.SCHEMAS)
def test_every_key_of_a_schema_is_listed(name: str, pages: dict[str, str]) -> None:
    schema = json.loads((ROOT / reference.SCHEMAS[name]).read_text())
    keys = {row[0].strip("`") for row in rows(pages[f"reference/{name}.md"])}
    for definition in (schema, *schema.get("$defs", {}).values()):
        assert set(definition.get("properties", {})) <= keys


def test_keys_inside_objects_and_arrays_have_dotted_names(pages: dict[str, str]) -> None:
    keys = {row[0].strip("`") for row in rows(pages["reference/lines.md"])}
    assert {"faces[].box.x", "faces[].label"} <= keys


def test_every_public_name_is_documented(pages: dict[str, str]) -> None:
    page = pages["reference/api.md"]
    for name in set(fer_edge.__all__) - {"__version__"}:
        assert re.search(rf"^::: [\w.]+\.{name}$", page, re.MULTILINE)


@pytest.mark.parametrize(
    ("page", "link", "expected"),
    [
        ("README.md", "docs/run.md", "run.md"),
        ("README.md", "CONTRIBUTING.md", "contributing.md"),
        ("docs/run.md", "faces.md", "faces.md"),
        ("docs/run.md", "../README.md", "index.md"),
        ("docs/api.md", "../examples/predict.py", "repository/examples/predict.py"),
        ("CONTRIBUTING.md", "docs/architecture.md", "architecture.md"),
    ],
)
def test_links_lead_into_the_site(page: str, link: str, expected: str) -> None:
    assert site.site_uri(page, link) == expected


def test_the_site_builds_without_network_and_without_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path)))
    made = {path.name: path.read_text() for path in tmp_path.glob("*.html")}
    assert {"index.html", "tutorial.html", "faq.html", "run.html"} <= set(made)
    assert (tmp_path / "repository/examples/predict.py").is_file()
    for name, text in made.items():
        loaded = re.findall(
            r'<(?:script|img|link rel="stylesheet")[^>]*?(?:src|href)="([^"]+)"', text
        )
        assert [address for address in loaded if address.startswith(("http", "//"))] == [], name
