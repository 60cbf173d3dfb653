"""The code that a host runs: the packages `benchmarks` and `device`, as they are installed here."""

from collections.abc import Iterator
from importlib.metadata import metadata, version
from pathlib import Path

import benchmarks
import device


def files() -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each file, to be unpacked into a folder of `sys.path`.

    The metadata of fer-edge is among them, because results name its version.
    """
    yield f"fer_edge-{version('fer-edge')}.dist-info/METADATA", str(metadata("fer-edge")).encode()
    for package in (benchmarks, device):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{root.name}/{path.relative_to(root).as_posix()}", path.read_bytes()
