"""Command line of the counting programs run with `python -m`."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.counting.cores import CORES
from benchmarks.counting.kit import find
from device.errors import FerEdgeError


def main(module: str, files: Mapping[str, str], table: Callable[..., str]) -> int:
    """Parse `FILE... --core CORE`, count, and print the table.

    Args:
        module: dotted name of the program.
        files: help text of each positional file, by name.
        table: function that counts on a core and formats the result; its arguments are the kit,
            the files and the core.

    Returns:
        Exit code.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    for name, text in files.items():
        parser.add_argument(name, type=Path, help=text)
    parser.add_argument("--core", choices=CORES, default="cortex-a72", help="core to count for")
    arguments = parser.parse_args()
    try:
        paths = [getattr(arguments, name) for name in files]
        print(table(find(), *paths, CORES[arguments.core]))
    except FerEdgeError as error:
        print(f"{module}: {error}", file=sys.stderr)
        return error.exit_code
    return 0
