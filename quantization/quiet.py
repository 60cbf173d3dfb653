"""Silence for C++ code that writes to standard error whatever the log level says."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what the process writes to file descriptor 2; hand it on if the block raises.

    TensorFlow's converter reports each of its passes there. Only the descriptor catches that:
    it is written by C++, past `sys.stderr` and past Python's logging.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            sys.stderr.flush()
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
