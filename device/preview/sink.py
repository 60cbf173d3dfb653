"""The preview as one of the loop's sinks."""

import socket

from device.frame import Result
from device.preview.access import Access
from device.preview.app import build
from device.preview.hub import Hub
from device.preview.server import Server
from device.sinks.base import Sink


class PreviewSink(Sink):
    """Shows each result on a web page; the cost to the loop is independent of the viewers."""

    def __init__(
        self,
        listener: socket.socket,
        access: Access,
        *,
        source: str,
        frames: bool = True,
        fps: float = 20,
    ) -> None:
        """Start the server.

        Args:
            listener: socket from `server.bind`.
            access: authorizes requests.
            source: name of the source on the page.
            frames: whether images are shown; if not, no image leaves the loop.
            fps: maximum number of frames per second for a viewer.
        """
        self.name = "preview"
        self.hub = Hub(source, frames=frames, fps=fps)
        self._server = Server(build(self.hub, access), listener)

    def write(self, result: Result) -> None:
        """Show one result."""
        self.hub.publish(result)

    def close(self) -> None:
        """Shut the server down."""
        self._server.close()
