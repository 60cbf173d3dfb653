"""Notifies systemd of results, so that it restarts a loop that hangs.

The protocol of sd_notify(3) consists of datagrams to the socket NOTIFY_SOCKET. It is implemented
here because the available packages are unmaintained or need a compiler.
"""

import os
import socket
import time
from collections.abc import Mapping

from device.frame import Result
from device.sinks.base import Sink

_PER_TIMEOUT = 4  # notifications within the timeout after which systemd restarts the service


class SystemdSink(Sink):
    """Sends READY with the first result, and WATCHDOG at intervals while there are results.

    Without systemd it does nothing.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read the socket and the interval from the environment.

        Args:
            environment: environment variables; systemd sets NOTIFY_SOCKET and WATCHDOG_USEC.
        """
        self.name = "systemd"
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        self._interval = int(environment.get("WATCHDOG_USEC", "0")) / 1e6 / _PER_TIMEOUT
        self._ready = False
        self._due = 0.0

    def write(self, result: Result) -> None:
        """Send a notification if one is due."""
        now = time.monotonic()
        if not self._ready:
            self._ready = True
            self._send("READY=1")
        if self._interval and now >= self._due:
            self._due = now + self._interval
            self._send("WATCHDOG=1")

    def close(self) -> None:
        """Notify systemd that the process is stopping."""
        self._send("STOPPING=1")
        self._socket.close()

    def _send(self, message: str) -> None:
        """Send a message; raises OSError if the socket is closed or full."""
        if self._address:
            self._socket.sendto(message.encode(), self._address)
