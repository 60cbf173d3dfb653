"""Escapes untrusted text for a terminal: markup and control characters."""

from device.labels import printable


def verbatim(text: object) -> str:
    r"""Escape a label, path or message for rich, which then shows it verbatim.

    Returns:
        Markup text: `[neutral]` is not a style, and a control character is shown as `\x1b`.
    """
    from rich.markup import escape  # slow to import, and every command imports this module

    return escape(printable_lines(text))


def printable_lines(text: object) -> str:
    """Escape control characters in plain text; line breaks are kept."""
    return "\n".join(map(printable, str(text).split("\n")))
