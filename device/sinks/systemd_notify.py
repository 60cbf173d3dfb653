"""Signs of life for systemd, so that it restarts a loop that hangs.

The protocol of sd_notify(3): datagrams to the socket that NOTIFY_SOCKET names.
"""

import os
import socket
import time
from collections.abc import Mapping

from device.frame import Result
from device.sinks.base import Sink

_SIGNS = 4  # of life in the time after which systemd gives up on us


class SystemdSink(Sink):
    """Says READY at the first result and WATCHDOG from then on, as long as results come.

    Outside of systemd it does nothing.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Look whether systemd listens, and how often it wants to hear from us.

        Args:
            environment: with NOTIFY_SOCKET and WATCHDOG_USEC where systemd started the process.
        """
        self.name = "systemd"
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        self._interval = int(environment.get("WATCHDOG_USEC", "0")) / 1e6 / _SIGNS
        self._ready = False
        self._due = 0.0

    def write(self, result: Result) -> None:
        """Give a sign of life when one is due."""
        now = time.monotonic()
        if not self._ready:
            self._ready = True
            self._send("READY=1")
        if self._interval and now >= self._due:
            self._due = now + self._interval
            self._send("WATCHDOG=1")

    def close(self) -> None:
        """Say that the end is intended."""
        self._send("STOPPING=1")
        self._socket.close()

    def _send(self, message: str) -> None:
        """Send it, raising OSError where the socket is gone or full."""
        if self._address:
            self._socket.sendto(message.encode(), self._address)
