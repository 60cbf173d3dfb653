"""The newest frame, handed from the loop to however many viewers there are."""

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
from device.system.temperature import celsius

WIDTH = 640
"""Widest picture that is sent, in pixels; wider ones are scaled down."""

QUALITY = 75
"""Of the JPEGs, 0..100."""

_HEARTBEAT = 1.0  # seconds after which a viewer hears that there is no new frame


@dataclass(slots=True)
class _Snapshot:
    """What the viewers are shown of one frame."""

    faces: list[dict[str, Any]]
    size: tuple[int, int]  # width, height of the frame that the boxes are measured in
    image: npt.NDArray[np.uint8] | None  # a copy, perhaps scaled down
    jpeg: asyncio.Task[bytes] | None = None  # of the image; begun by the first who needs it


class Hub:
    """Keeps what viewers need, and next to nothing while nobody watches.

    The loop calls `publish` for every frame. It counts, and only when a viewer waits for a frame
    it copies the picture; it never waits for a viewer. Everything else runs in the server's event
    loop: the picture is encoded there once, for all viewers, in a thread of its own.
    A viewer asks for the next frame when it has got the last, so a slow one gets fewer.

    Attributes:
        statistics: of the loop.
        viewers: how many watch.
        encoded: pictures that were encoded since the start.
    """

    def __init__(self, source: str, *, frames: bool = True, fps: float = 20) -> None:
        """Set up; nothing runs yet.

        Args:
            source: what the page calls the source.
            frames: whether pictures are shown; without them none is ever copied.
            fps: most frames a second that a viewer is sent.
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
        """Take the loop's result of a frame; takes microseconds while nobody waits for one."""
        self.statistics.add(result)
        self._labels = result.labels
        now = time.monotonic()
        if not self._waiting or now < self._due:
            return
        self._due = max(
            self._due + self._interval, now
        )  # keeps the mean rate, whatever the source's
        height, width = result.frame.image.shape[:2]
        snapshot = _Snapshot(
            faces=[
                {
                    "track": face.track,
                    "box": face.box,
                    "label": face.label,
                    "confidence": round(float(face.confidence), 3),
                    "probabilities": [round(value, 3) for value in face.probabilities.tolist()],
                }
                for face in result.faces
            ],
            size=(width, height),
            image=_scaled_copy(result.frame.image) if self._frames else None,
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
        """Wait for the next frame, at most a second, and pack what a viewer needs of it.

        Args:
            second: number of the last second of the timeline that the viewer got; -1 for none.

        Returns:
            the message: length of the JSON (uint32, big endian), the JSON, the JPEG (empty when
            no frame came or frames are not shown); and the new `second`.
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
            state |= {"faces": snapshot.faces, "size": snapshot.size}
            jpeg = await self._encode_once(snapshot)
        text = json.dumps(state, separators=(",", ":")).encode()
        return struct.pack(">I", len(text)) + text + jpeg, (
            timeline[-1].number if timeline else second
        )

    async def _next(self) -> _Snapshot | None:
        """Wait for the next frame; None when a second brings none."""
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
        """Encode the picture, or share the encoding that another viewer has begun."""
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
    except RuntimeError:  # the server's event loop has ended meanwhile
        return


def _scaled_copy(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = image.shape[:2]
    if width <= WIDTH:
        return image.copy()
    size = (WIDTH, max(1, round(height * WIDTH / width)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _encode(image: npt.NDArray[np.uint8]) -> bytes:
    """Encode as JPEG; OpenCV does it without the interpreter's lock."""
    _, jpeg = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    return bytes(jpeg)
