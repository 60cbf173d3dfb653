"""Run one module of this project in another Python, which need not have fer-edge installed.

    python -P benchmarks/backends/bootstrap.py MODULE ARGUMENT…

calls `main(ARGUMENT…)` of the module. The packages are registered without running their `__init__`,
so that only the imports of the module itself are loaded. -P keeps this folder off the path, because
some of its names are those of standard modules. The last line of an error is its message.
"""

import importlib
import sys
import types
from pathlib import Path

BOOTSTRAP = Path(__file__).resolve()
"""Path of this file, the program of the other Python."""


def main() -> None:
    """Register the packages, import the module and call its `main`."""
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
