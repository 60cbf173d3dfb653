"""The code that a host runs: the packages `benchmarks` and `device`, as they are installed here."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import benchmarks
import device


def files() -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each file, to be unpacked into a folder of `sys.path`.

    Name and version of fer-edge are among them as its metadata, because results name its version.
    """
    own = version("fer-edge")
    metadata = f"Metadata-Version: 2.1\nName: fer-edge\nVersion: {own}\n"
    yield f"fer_edge-{own}.dist-info/METADATA", metadata.encode()
    for package in (benchmarks, device):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{root.name}/{path.relative_to(root).as_posix()}", path.read_bytes()
