"""Preload of Dask's workers: Ctrl-C reaches the command alone, which stops its workers itself."""

import signal
from typing import Any


def dask_setup(_: Any) -> None:
    """Ignore SIGINT in this worker; Dask calls it before the first task."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
