"""The table of results on a terminal."""

from rich.console import Console

from benchmarks.report import terminal

from ..full_results import full_results


def test_hostile_names_are_shown_and_command_nothing(tmp_path):
    shown = full_results()
    shown["models"][0]["name"] = "[red]\x1b]0;title\x07"
    shown["data"]["name"] = "\x9b31m"
    with (tmp_path / "shown").open("w") as file:
        terminal.show(shown, Console(file=file, width=200))
    text = (tmp_path / "shown").read_text()
    assert "[red]" in text and not {"\x1b", "\x07", "\x9b"} & set(text)
