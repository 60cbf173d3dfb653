"""The size of a file after gzip compression."""

import gzip


def gzip_size(content: bytes) -> int:
    """Compressed size in bytes at level 9; deterministic for the same content."""
    # mtime=0: otherwise the header would contain the time.
    return len(gzip.compress(content, compresslevel=9, mtime=0))
