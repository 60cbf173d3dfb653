"""Suppresses output of C++ code to standard error that ignores the log level."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def suppress_stderr(*, show_on_error: bool = True) -> Iterator[None]:
    """Buffer output to file descriptor 2 within the block.

    TensorFlow's converter reports each of its passes there, and LiteRT each delegate. C++ bypasses
    `sys.stderr` and Python's logging, so the descriptor itself is redirected.

    Args:
        show_on_error: whether to write the buffered output if the block raises.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            if show_on_error:
                sys.stderr.flush()
                held.seek(0)
                os.write(kept, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
