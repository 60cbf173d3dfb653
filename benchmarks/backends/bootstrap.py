"""Runs one module of ours in a fresh Python, which need not have fer-edge installed.

    python -P benchmarks/backends/bootstrap.py MODULE ARGUMENT…

calls the module's `main(ARGUMENT…)`. The packages are named to Python without what their own
`__init__` imports, so that nothing is loaded but what the module itself asks for. -P keeps this
folder, some of whose names are also Python's, off the path. The last line of an error says what is
wrong.
"""

import importlib
import sys
import types
from pathlib import Path

BOOTSTRAP = Path(__file__).resolve()
"""This file: what another Python is started with."""


def main() -> None:
    """Name the packages, import the module, call it."""
    root = BOOTSTRAP.parents[2]
    for name in ("device", "benchmarks"):
        package = types.ModuleType(name)
        package.__path__ = [str(root / name)]
        sys.modules[name] = package
    from device.errors import FerEdgeError

    try:
        importlib.import_module(sys.argv[1]).main(*sys.argv[2:])
    except FerEdgeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
