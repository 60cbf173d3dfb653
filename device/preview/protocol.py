"""HTTP connections with limits on their number and on the time until a request is complete."""

import asyncio
import logging
import resource
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_TIMEOUT = 5.0
"""Seconds in which a request header must be complete, from the connection or last response."""

_MAX_CONNECTIONS = 320
_SHARE = 3  # fraction of the allowed descriptors, as the loop needs some for its files


def max_connections() -> int:
    """Return the number of open connections: 320, or fewer if the process may open few files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(8, min(_MAX_CONNECTIONS, soft // _SHARE if soft > 0 else _MAX_CONNECTIONS))


def max_viewers() -> int:
    """Return the number of open pages; the other connections are left to requests."""
    return max_connections() * 4 // 5


log = logging.getLogger(__name__)


class BoundedProtocol(H11Protocol):
    """Closes connections that do not send a request, the oldest first if there are too many.

    Connections that are opened and left incomplete thus occupy neither descriptors nor the place of
    active ones: a new one, such as that of a health check, is always accepted while others only
        wait.
    uvicorn's own limit counts requests, after their header.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a new connection; replaces the oldest waiting one if there are too many."""
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
        """Remove the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Process a part of a request."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over to the WebSocket; the application limits their number."""
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
    """Log an error of the event loop in one line, to the log with limited rate."""
    error = context.get("exception")
    log.error("preview: %s%s", context["message"], f" ({error})" if error else "")
