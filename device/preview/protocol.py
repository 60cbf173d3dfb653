"""HTTP connections with bounds: on their number, and on the time until a request is complete."""

import asyncio
import logging
import resource
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_TIMEOUT = 5.0
"""Seconds in which the header of a request must be complete, from the connection or last answer."""

_MAX_CONNECTIONS = 64
_SHARE = 8  # of the descriptors that the process may open: the loop needs some for its files


def max_connections() -> int:
    """Give the number of open connections: 64, fewer where the process may open few files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(8, min(_MAX_CONNECTIONS, soft // _SHARE if soft > 0 else _MAX_CONNECTIONS))


log = logging.getLogger(__name__)


class BoundedProtocol(H11Protocol):
    """Closes connections that do not send a request, the oldest first when there are too many.

    So connections that are opened and left half-open cost neither descriptors nor the place of
    those that ask for something: a new one, such as that of a health check, is always accepted
    while others only wait. uvicorn's own limit counts requests, after their header.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a new connection, in place of the oldest one that waits if there are too many."""
        super().connection_made(transport)
        self._wait_for_request()
        if len(self.connections) <= max_connections():
            return
        waiting = [
            connection
            for connection in self.connections
            if isinstance(connection, BoundedProtocol) and connection._deadline is not None
        ]
        oldest = min(waiting, key=lambda connection: connection._deadline.when())  # type: ignore[union-attr]
        oldest._abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read a part of a request."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over to the WebSocket, whose number the application bounds."""
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """Wait for the next request of the connection."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._wait_for_request()

    def _wait_for_request(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(HEADER_TIMEOUT, self._abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _abort(self) -> None:
        self._stop_waiting()
        self.connections.discard(self)
        self.transport.abort()


def report_error(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an error of the event loop in one line, through a log that is limited in rate."""
    error = context.get("exception")
    log.error("preview: %s%s", context["message"], f" ({error})" if error else "")
