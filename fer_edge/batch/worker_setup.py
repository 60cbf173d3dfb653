"""Preload of Dask's workers: how they log, and what Ctrl-C does to them."""

import logging
import signal
from typing import Any


def silence() -> None:
    """Keep Dask from logging lost workers, and connections and tasks that end with the batch."""
    for name in ("distributed", "tornado", "tornado.application", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def dask_setup(_: Any) -> None:
    """Prepare this worker; Dask calls it before the first task.

    It ignores SIGINT: Ctrl-C is for the command alone, which stops its workers itself.
    """
    silence()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
