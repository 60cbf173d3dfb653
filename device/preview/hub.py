"""Distributes the newest frame from the loop to all viewers."""

import asyncio
import json
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from device.frame import Result
from device.preview.statistics import Statistics
from device.sinks.fused_json import fused_json
from device.sinks.placed_json import placed_json
from device.system.temperature import celsius

WIDTH = 640
"""Maximum width in pixels of the images that are sent; wider ones are scaled down."""

QUALITY = 75
"""Quality of the JPEGs, 0..100."""

_HEARTBEAT = 1.0  # seconds without a frame after which a viewer gets a message without an image


@dataclass(slots=True)
class _Snapshot:
    """The data of one frame that are shown."""

    faces: list[dict[str, Any]]
    size: tuple[int, int]  # width and height of the frame, to which the boxes refer
    image: npt.NDArray[np.uint8] | None  # a copy, possibly scaled down
    fused: dict[str, Any]  # fused result and modalities; empty in a run of faces alone
    jpeg: asyncio.Task[bytes] | None = None  # encoding, started by the first viewer that needs it


class Hub:
    """Distributes frames; costs almost nothing without viewers.

    The loop calls `publish` for every frame. It updates the statistics, and copies the image only
    if a viewer waits for one; it never waits for a viewer. The rest runs in the server's event
    loop: each image is encoded once for all viewers, in a worker thread. A viewer requests the next
    frame after receiving the previous one, so a slow viewer gets fewer.

    Attributes:
        statistics: statistics of the loop.
        viewers: number of open pages.
        encoded: number of images encoded since the start.
    """

    def __init__(self, source: str, *, frames: bool = True, fps: float = 20) -> None:
        """Set up without starting anything.

        Args:
            source: name of the source on the page.
            frames: whether images are shown; if not, none is copied.
            fps: maximum number of frames per second for a viewer.
        """
        self.statistics = Statistics()
        self.viewers = 0
        self.encoded = 0
        self._source = source
        self._frames = frames
        self._interval = 1 / fps
        self._lock = threading.Lock()
        self._waiting: set[asyncio.Future[_Snapshot]] = set()
        self._due = 0.0
        self._labels: tuple[str, ...] = ()

    def publish(self, result: Result) -> None:
        """Publish the result of a frame; takes microseconds without viewers."""
        self.statistics.add(result)
        self._labels = result.labels
        now = time.monotonic()
        if not self._waiting or now < self._due:
            return
        self._due = max(
            self._due + self._interval, now
        )  # keeps the mean rate, regardless of the source's rate
        height, width = result.frame.image.shape[:2]
        snapshot = _Snapshot(
            faces=[
                {
                    "track": face.track,
                    "box": face.box,
                    "label": face.label,
                    "hidden": face.hidden_text,
                    "confidence": round(float(face.confidence), 3),
                    "probabilities": [round(value, 3) for value in face.probabilities.tolist()],
                    **placed_json(face),
                }
                for face in result.faces
            ],
            size=(width, height),
            image=_scaled_copy(result.frame.image) if self._frames else None,
            fused={} if result.fused is None else fused_json(result.fused, digits=3),
        )
        with self._lock:
            waiting, self._waiting = self._waiting, set()
        for future in waiting:
            _hand_over(future, snapshot)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count a viewer while the block runs."""
        self.viewers += 1
        try:
            yield
        finally:
            self.viewers -= 1

    async def message(self, second: int) -> tuple[bytes, int]:
        """Wait up to a second for the next frame, and build the message for a viewer.

        Args:
            second: number of the last second of the timeline that the viewer has; -1 for none.

        Returns:
            The message: length of the JSON (uint32, big endian), the JSON, the JPEG (empty if no
                frame
            came or frames are not shown); and the new `second`.
        """
        snapshot = await self._next()
        timeline = self.statistics.timeline(second)
        state: dict[str, Any] = {
            "source": self._source,
            "labels": self._labels,
            "frames": self._frames,
            "fps": round(self.statistics.fps, 1),
            "stages": {name: round(ms, 2) for name, ms in self.statistics.stages.items()},
            "dropped": self.statistics.dropped,
            "age": round(self.statistics.age(), 1),
            "temperature": celsius(),
            "viewers": self.viewers,
            "timeline": [[entry.number, entry.mean] for entry in timeline],
        }
        jpeg = b""
        if snapshot is not None:
            state |= {"faces": snapshot.faces, "size": snapshot.size, **snapshot.fused}
            jpeg = await self._encode_once(snapshot)
        text = json.dumps(state, separators=(",", ":")).encode()
        return struct.pack(">I", len(text)) + text + jpeg, (
            timeline[-1].number if timeline else second
        )

    async def _next(self) -> _Snapshot | None:
        """Wait for the next frame; None after a second without one."""
        future: asyncio.Future[_Snapshot] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.add(future)
        try:
            return await asyncio.wait_for(future, _HEARTBEAT)
        except TimeoutError:
            return None
        finally:
            with self._lock:
                self._waiting.discard(future)

    async def _encode_once(self, snapshot: _Snapshot) -> bytes:
        """Encode the image, or wait for the encoding that another viewer started."""
        if snapshot.image is None:
            return b""
        if snapshot.jpeg is None:
            self.encoded += 1
            snapshot.jpeg = asyncio.create_task(asyncio.to_thread(_encode, snapshot.image))
        return await asyncio.shield(snapshot.jpeg)


def _hand_over(future: "asyncio.Future[_Snapshot]", snapshot: _Snapshot) -> None:
    def done() -> None:
        if not future.done():
            future.set_result(snapshot)

    try:
        future.get_loop().call_soon_threadsafe(done)
    except RuntimeError:  # the server's event loop has ended
        return


def _scaled_copy(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = image.shape[:2]
    if width <= WIDTH:
        return image.copy()
    size = (WIDTH, max(1, round(height * WIDTH / width)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _encode(image: npt.NDArray[np.uint8]) -> bytes:
    """Encode as JPEG; OpenCV releases the interpreter lock."""
    _, jpeg = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    return bytes(jpeg)
