"""The web server, in a thread next to the loop."""

import asyncio
import errno
import logging
import socket
import threading

import uvicorn
import websockets.server  # noqa: F401  (uvicorn imports it in the thread; fail here if it is missing)
from starlette.types import ASGIApp

from device.errors import InputError
from device.preview.protocol import BoundedProtocol, report_error

_BACKLOG = 64
"""Connections that are accepted at once. asyncio accepts them all before the first one is handled:
with more, a burst takes all descriptors of the process before the bound on connections acts."""

_END = 0.3  # seconds to wait for open connections, twice, when the server shuts down


def bind(host: str, port: int) -> socket.socket:
    """Bind the address before anything slow is loaded, so that a second instance fails at once.

    Args:
        host: address of this machine.
        port: port, 1..65535; 0 for any free port.

    Returns:
        A listening socket; connections are accepted when the server starts.

    Raises:
        InputError: the port is in use or not permitted, or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise InputError(f"--host {host} is not an address ({error.strerror})") from error
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise InputError(_explain(error, host, port)) from error
    return listener


def _explain(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use, perhaps by another fer-edge: give another --port"
    if error.errno == errno.EACCES:
        return f"port {port} is reserved for root: give a --port of 1024 or more"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host} is not an address of this machine"
    return f"{host}:{port} cannot be served ({error.strerror})"


class Server:
    """Serves an ASGI application in a thread until `close`."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        """Start the thread.

        Args:
            app: ASGI application.
            listener: socket from `bind`; closed at the end.
        """
        config = uvicorn.Config(
            app,
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level=logging.CRITICAL,
            server_header=False,
            http=BoundedProtocol,
            ws="websockets-sansio",
            backlog=_BACKLOG,
            ws_max_size=1024,  # viewers send short requests only
            ws_per_message_deflate=False,  # JPEGs do not compress
            timeout_graceful_shutdown=1,
        )
        self._listener = listener
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="preview", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        asyncio.get_running_loop().set_exception_handler(report_error)
        await self._server.serve(sockets=[self._listener])

    def close(self) -> None:
        """Shut the server down within about a second, even with open pages."""
        self._server.should_exit = True
        self._thread.join(_END)
        self._server.force_exit = True
        self._thread.join(_END)
        self._listener.close()
