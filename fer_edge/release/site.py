"""MkDocs hooks: add README and generated pages to docs/ and rewrite links to files of the site.

Pages are written for readers of the repository. A link to a file outside docs/ points to a copy of
the file below `repository/` in the site.
"""

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.release import reference

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT_PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages at the root of the repository, by their path in the site."""

_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)\s#]+)")


def on_config(config: "MkDocsConfig") -> "MkDocsConfig":
    """List pages of docs/ that are missing from the navigation under "More"."""
    named = set(re.findall(r"[\w/-]+\.md", str(config.nav)))
    rest = sorted({page.name for page in Path(config.docs_dir).glob("*.md")} - named)
    if rest and config.nav is not None:
        config.nav.append({"More": rest})
    return config


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """Add the root pages, the generated pages, and the files that pages link to."""
    from mkdocs.structure.files import File

    root = Path(config.docs_dir).parent
    made: dict[str, str | bytes] = dict(reference.pages())
    made |= {uri: (root / name).read_text() for name, uri in ROOT_PAGES.items()}
    pages = {f"docs/{file.src_uri}": file.content_string for file in files.documentation_pages()}
    pages |= {name: (root / name).read_text() for name in ROOT_PAGES}
    for name, text in pages.items():
        for link in _LINK.findall(text):
            uri = site_uri(name, link)
            if uri.startswith("repository/"):
                made[uri] = (root / uri.removeprefix("repository/")).read_bytes()
    for path in reference.SCHEMAS.values():
        made[f"repository/{path}"] = (root / path).read_bytes()
    for uri, content in made.items():
        files.append(File.generated(config, uri, content=content))
    return files


def on_page_markdown(markdown: str, page: "Page", **_: Any) -> str:
    """Rewrite the links of a page to paths in the site."""
    # GitHub needs an escaped bar in table code; Python-Markdown would show the backslash.
    markdown = re.sub(r"`[^`\n]*`", lambda code: code[0].replace("\\|", "|"), markdown)
    uri = page.file.src_uri
    if uri.startswith("reference/"):
        return markdown
    name = next((name for name, place in ROOT_PAGES.items() if place == uri), f"docs/{uri}")
    return _LINK.sub(lambda link: site_uri(name, link[1]), markdown)


def site_uri(page: str, link: str) -> str:
    """Return the site path, relative to the site's root, of a link's target.

    Args:
        page: path of the page in the repository.
        link: relative path, without an anchor.
    """
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
    if path in ROOT_PAGES:
        return ROOT_PAGES[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else f"repository/{path}"
