"""A preview with artificial results, and a real Chromium to view it."""

import base64
import contextlib
import http.client
import itertools
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.face import Face
from device.frame import Frame, Result
from device.geometry import Box
from device.labels import FER2013

TIMEOUT = 30.0  # seconds that a wait may take before the test fails; it ends as soon as it can


def make_result(number: int, *, faces: int = 1, size: tuple[int, int] = (320, 240)) -> Result:
    """A frame whose gray level, and a distribution whose winner, depend on the number."""
    width, height = size
    image = np.full((height, width, 3), 10 + number * 7 % 240, np.uint8)
    probabilities = np.full(len(FER2013), 0.05, np.float32)
    probabilities[number // 10 % len(FER2013)] = 0.7
    found = [
        Face(
            track=index + 1,
            box=Box(20 + 100 * index, 40, 80, 80),
            labels=FER2013,
            probabilities=probabilities,
            label=FER2013[int(probabilities.argmax())],
            confidence=0.7,
        )
        for index in range(faces)
    ]
    stages = {"read": 1.0, "detect": 12.0, "classify": 0.4, "track": 0.1, "total": 13.5}
    return Result(Frame(image, number, number / 30, "camera"), found, FER2013, stages, dropped=3)


@pytest.fixture
def result() -> Callable[..., Result]:
    return make_result


@dataclass
class Preview:
    """A running preview."""

    port: int
    sink: Any
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def feed(self, frames: int = 1) -> None:
        for _ in range(frames):
            self.sink.write(make_result(next(self.numbers)))

    def request(
        self, path: str, *, method: str = "GET", body: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Request an address; returns status, headers and text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@pytest.fixture
def start_preview(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Preview]]:
    """Start a preview on a free port of this machine; all are closed at the end."""
    pytest.importorskip("uvicorn", reason="the extra serve is not installed")
    from device.preview import throttle
    from device.preview.access import Access
    from device.preview.server import bind
    from device.preview.sink import PreviewSink

    monkeypatch.setattr(throttle, "DELAY", 0.01)
    sinks = []

    def start(*, token: str | None = None, **options: Any) -> Preview:
        listener = bind("127.0.0.1", 0)
        port = listener.getsockname()[1]
        access = Access("127.0.0.1", token)
        sinks.append(PreviewSink(listener, access, **{"source": "camera", **options}))
        return Preview(port, sinks[-1])

    yield start
    for sink in sinks:
        sink.close()


@pytest.fixture
def feeding() -> Iterator[Callable[[Preview], None]]:
    """Send about thirty frames per second to a preview from another thread."""
    stop, threads = threading.Event(), []

    def run(preview: Preview) -> None:
        while not stop.wait(0.03):
            preview.feed()

    def start(preview: Preview) -> None:
        threads.append(threading.Thread(target=run, args=[preview]))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join()


class Page:
    """A tab of Chromium, driven by its DevTools protocol."""

    def __init__(self, address: str) -> None:
        from websockets.sync.client import connect

        self._open = contextlib.ExitStack()
        self._socket = self._open.enter_context(connect(address, max_size=None))
        self._ids = itertools.count(1)
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=TIMEOUT))
            self._note(message)
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)

    def evaluate(self, script: str) -> Any:
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        return answer["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """Evaluate an expression until it is true; returns the value."""
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            value = self.evaluate(script)
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"never true: {script}")

    def resize(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def screenshot(self, path: Path) -> None:
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))

    def close(self) -> None:
        self._open.close()

    def _note(self, message: dict[str, Any]) -> None:
        """Record errors and warnings of the console."""
        parameters = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]))
        if message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] != "info":
            self.complaints.append(str(parameters["entry"]))
        if message.get("method") == "Runtime.consoleAPICalled":
            self.complaints.append(str(parameters))


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A headless Chromium; yields the port of its DevTools."""
    pytest.importorskip("websockets", reason="the extra serve is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    profile = tmp_path_factory.mktemp("chromium")
    flags = "headless no-sandbox disable-gpu disable-quic no-first-run disable-sync "
    flags += "disable-background-networking disable-component-update remote-debugging-port=0"
    with (profile / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *(f"--{flag}" for flag in flags.split()), f"--user-data-dir={profile}"],
            stdout=log,
            stderr=log,
            env={**os.environ, "HOME": str(profile)},
        )
    try:
        yield _devtools_port(profile / "DevToolsActivePort", process)
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def _devtools_port(file: Path, process: "subprocess.Popen[bytes]") -> int:
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end and process.poll() is None:
        if file.is_file() and (lines := file.read_text().split()):
            return int(lines[0])
        time.sleep(0.05)
    pytest.skip("Chromium does not start here")


@pytest.fixture
def new_page(chromium: int) -> Iterator[Callable[[], Page]]:
    """Open empty tabs."""
    pages: list[tuple[Page, str]] = []

    def ask(method: str, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", chromium, timeout=TIMEOUT)
        with contextlib.closing(connection):
            connection.request(method, path)
            return connection.getresponse().read()

    def make() -> Page:
        target = json.loads(ask("PUT", "/json/new"))
        pages.append((Page(target["webSocketDebuggerUrl"]), target["id"]))
        return pages[-1][0]

    yield make
    for page, target in pages:
        page.close()
        ask("GET", f"/json/close/{target}")
