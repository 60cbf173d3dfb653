"""How large a model file is: on the device, and when it travels."""

import gzip
from pathlib import Path
from typing import Any


def measure(path: Path) -> dict[str, Any]:
    """Measure a file's bytes, raw and gzipped.

    Gzip at level 9 and without a time stamp, so that the same file has the same size every day.

    Returns:
        The `size` block of `results.json`.
    """
    content = path.read_bytes()
    return {
        "kind": "measured",
        "bytes": len(content),
        "bytes_gzip": len(gzip.compress(content, compresslevel=9, mtime=0)),
    }
