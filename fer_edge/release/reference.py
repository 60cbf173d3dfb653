"""Reference pages of the documentation, generated from the code as Markdown."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

SCHEMAS = {
    "results": Path("benchmarks/schema/results.schema.json"),
    "lines": Path("device/sinks/result-1.0.schema.json"),
    "evaluation": Path("fer_edge/evaluation/evaluation.schema.json"),
}
"""JSON Schemas of the files that commands write, by page name."""

_FORMATS = """# File formats

| file | written by | described in |
| --- | --- | --- |
| data set, `.npz` | `fer-edge data prepare` | [Data](../data.md#what-the-file-holds) |
| model, `.tflite`, and its card | `fer-edge pipeline` | [Compression](../compression.md) |
| recipe, `.toml` | by hand | [Recipe keys](recipe.md) |
| external model, `.toml` | `fer-edge bench --peer-init` | [Benchmark](../benchmark.md) |
| limits, `.toml` | `fer-edge gate --print-rules` | [Gate](../gate.md) |
| map of a data set, `.toml` | by hand | [Data sets](../datasets.md) |
| `results.json` | `fer-edge bench`, `pipeline` | [keys](results.md) |
| `evaluation.json` | `fer-edge eval` | [keys](evaluation.md) |
| JSON Lines | `fer-edge run --jsonl` | [keys](lines.md) |
"""


def pages() -> dict[str, str]:
    """Generate all reference pages.

    Returns:
        Markdown by path below `docs/`.
    """
    return {
        "reference/commands.md": commands(),
        "reference/recipe.md": recipe(),
        "reference/api.md": api(),
        "reference/formats.md": _FORMATS,
    } | {f"reference/{name}.md": schema(path) for name, path in SCHEMAS.items()}


def commands() -> str:
    """Describe every command with its arguments, options and example."""
    from typer.main import get_command

    from fer_edge.cli.app import app

    parts = [
        "# Commands",
        "Generated from the program's `--help`. Exit codes: 0 success, 1 a check failed, 2 wrong "
        "input, 130 interrupted. `fer-edge --debug COMMAND` shows the traceback of an error.",
    ]
    for words, command in leaves(get_command(app)):
        parts += _command(words, command)
    return "\n\n".join(parts) + "\n"


def leaves(command: Any, words: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command that is not a group, with the words that invoke it.

    Args:
        command: command or group of the command line.
        words: words that invoke it, without the program's name.
    """
    children = getattr(command, "commands", None)
    if children is None:
        yield words, command
        return
    for name, child in children.items():
        yield from leaves(child, f"{words} {name}".strip())


def _command(words: str, command: Any) -> Iterator[str]:
    context = command.context_class(command, info_name=f"fer-edge {words}")
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## {words}"
    yield f"```\nfer-edge {words} {usage}\n```"
    yield _text(command.help or "")
    panels: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        row = parameter.get_help_record(context)
        if row and "--help" not in parameter.opts:
            panels.setdefault(getattr(parameter, "rich_help_panel", None) or "", []).append(row)
    for panel, rows in panels.items():
        if panel:
            yield f"**{panel}**"
        yield _table(
            ("argument or option", "meaning"),
            [(f"`{name.strip()}`", _text(meaning)) for name, meaning in rows],
        )
    if command.epilog:
        yield f"Example: `{command.epilog.removeprefix('Example: ')}`"


def recipe() -> str:
    """Describe every key of a recipe: type, default, meaning."""
    from fer_edge.recipe import Recipe

    return "\n\n".join(
        [
            "# Recipe keys",
            "A recipe is a TOML file with all settings of a run; see "
            "[Pipeline](../pipeline.md#recipes). On the command line, `--set section.key=value` "
            "overrides a value. Keys without a default are required. Generated from the "
            "models that validate a recipe.",
            *_tables(Recipe.model_json_schema(), "The whole file"),
        ]
    )


def api() -> str:
    """List the public objects for mkdocstrings, which renders their docstrings."""
    import fer_edge

    parts = [
        "# Python API: reference",
        "All public names of `fer_edge`, from their docstrings. See [Python API](../api.md) for an "
        "introduction with examples.",
    ]
    for name in sorted(set(fer_edge.__all__) - {"__version__"}, key=str.lower):
        parts.append(f"::: {getattr(fer_edge, name).__module__}.{name}")
    return "\n\n".join(parts) + "\n"


def schema(path: Path) -> str:
    """Describe every key of a JSON file.

    Args:
        path: path of the JSON Schema, relative to the source tree.
    """
    content = json.loads((ROOT / path).read_text())
    return "\n\n".join(
        [
            f"# {content.pop('title', path.name.split('.')[0])}",
            f"Generated from the JSON Schema [`{path}`](../repository/{path}). `a.b` is the key "
            "`b` of the object `a`, and `a[]` an element of the array `a`.",
            *_tables(content, ""),
        ]
    )


def _tables(schema: Mapping[str, Any], title: str) -> Iterator[str]:
    """Yield a table of the keys of a JSON Schema's root, and one per definition."""
    definitions = schema.get("$defs", {})
    for name, definition in [(title, schema), *definitions.items()]:
        about, attributes = _docstring(definition.get("description", ""))
        rows = list(_keys(definition, definitions, attributes))
        if not rows:
            continue
        if name:
            yield f"## {name}"
        if about:
            yield _text(about)
        yield _table(("key", "type", "default", "meaning"), rows)


def _keys(
    definition: Mapping[str, Any],
    definitions: Mapping[str, Any],
    attributes: Mapping[str, str],
    prefix: str = "",
) -> Iterator[tuple[str, str, str, str]]:
    """Yield one row per key of an object; keys of nested objects have dotted names.

    The meaning of a key is its own description, or the entry in the docstring of its class
    (`attributes`), or the description of the definition that it refers to.
    """
    for key, value in definition.get("properties", {}).items():
        default = value.get("default")
        shown = "" if default is None or isinstance(default, dict) else f"`{json.dumps(default)}`"
        meaning = value.get("description") or attributes.get(key) or _referred(value, definitions)
        yield f"`{prefix}{key}`", _type(value), shown, _text(meaning)
        yield from _keys(value, definitions, {}, f"{prefix}{key}.")
        if isinstance(value.get("items"), Mapping):
            yield from _keys(value["items"], definitions, {}, f"{prefix}{key}[].")


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """Split a Google style docstring into its text and its attributes."""
    about, _, rest = text.partition("Attributes:\n")
    attributes: dict[str, str] = {}
    for part in re.split(r"\n(?=    \w)", "\n" + rest):
        name, separator, meaning = part.strip().partition(":")
        if separator:
            attributes[name] = meaning
    return about, attributes


def _referred(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return the first sentence of the definition that a key refers to, or an empty string."""
    names = {option.get("$ref", "").rsplit("/", 1)[-1] for option in value.get("anyOf", [value])}
    names -= {""}
    if len(names) != 1:
        return ""
    about, _ = _docstring(definitions[names.pop()].get("description", ""))
    return re.split(r"(?<=\.)\s", about.strip(), maxsplit=1)[0]


def _type(value: Mapping[str, Any]) -> str:
    """Describe the type of a key with its values or bounds."""
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if options := value.get("anyOf") or value.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(option) for option in options))
    if "const" in value:
        return f"`{json.dumps(value['const'])}`"
    if "enum" in value:
        return ", ".join(f"`{json.dumps(each)}`" for each in value["enum"])
    kinds = value.get("type", "any")
    kind = " or ".join(kinds) if isinstance(kinds, list) else kinds
    if kind == "array" and isinstance(value.get("items"), Mapping):
        return f"array of {_type(value['items'])}"
    if isinstance(value.get("additionalProperties"), Mapping):
        return f"table of {_type(value['additionalProperties'])}"
    return kind + _bounds(value)


def _bounds(value: Mapping[str, Any]) -> str:
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    found = [f"{word} {value[key]:,}" for key, word in words.items() if key in value]
    return f", {' and '.join(found)}" if found else ""


def _text(text: str) -> str:
    """Format a docstring or help text as one line of Markdown, with `<` and `|` escaped."""
    line = " ".join(text.split())
    return line.replace("|", "\\|").replace("<", "&lt;")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    cells = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in cells)


def _cell(cell: str) -> str:
    return cell.replace("\\|", "|").replace("|", "\\|")
