"""Text that others wrote, on a terminal: without markup and control characters."""

from device.labels import printable


def verbatim(text: object) -> str:
    r"""Escape a label, path or message for rich, which then shows it as it is written.

    Returns:
        Markup: `[neutral]` is no style, and a control character is shown as `\x1b`.
    """
    from rich.markup import escape  # slow to import, and this module is imported by every command

    return escape(printable_lines(text))


def printable_lines(text: object) -> str:
    """Escape control characters in plain text; its line breaks stay."""
    return "\n".join(map(printable, str(text).split("\n")))
