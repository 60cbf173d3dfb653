"""Unused connections, slow requests, and attempts to guess the token."""

import contextlib
import resource
import socket
import threading
import time

import pytest

pytest.importorskip("uvicorn", reason="the extra serve is not installed")

from device.preview import protocol
from device.preview.throttle import Throttle

TOKEN = "correct horse battery staple"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def open_connections():
    """Open connections that send at most a part of a request; all are closed at the end."""
    with contextlib.ExitStack() as stack:

        def open_connections(preview, count, text=b"GET / HTTP/1.1\r\nHost: x\r\n"):
            connections = []
            for _ in range(count):
                client = socket.create_connection(("127.0.0.1", preview.port), timeout=30)
                connections.append(stack.enter_context(client))
                with contextlib.suppress(OSError):
                    client.sendall(text)
            return connections

        yield open_connections


def descriptors():
    from pathlib import Path

    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("text", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_half_open_connections_stop_neither_health_nor_the_loop(
    start_preview, open_connections, caplog, text
):
    preview = start_preview(token=TOKEN)
    before = descriptors()
    clients = open_connections(preview, 400, text)
    preview.feed(3)
    assert preview.request("/healthz")[0] == 200
    # Each client has a descriptor in this process too.
    assert descriptors() - before - len(clients) <= protocol.max_connections() + 5
    assert caplog.text == ""


def test_the_bound_is_well_below_the_limit_of_descriptors(monkeypatch):
    for limit, bound in ((1024, 320), (1 << 20, 320), (256, 85), (16, 8)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        assert protocol.max_connections() == bound
        assert protocol.max_viewers() < bound


def test_a_burst_of_connections_leaves_descriptors_to_the_loop(start_preview):
    """asyncio accepts a whole backlog before the first connection can be refused."""
    config = start_preview().sink._server._server.config
    for limit in (1024, 4096):
        bound = min(320, limit // 3)
        assert bound + config.backlog < limit * 2 // 3


def test_a_header_that_does_not_end_is_cut_off(start_preview, open_connections, monkeypatch):
    monkeypatch.setattr(protocol, "HEADER_TIMEOUT", 0.1)
    (client,) = open_connections(start_preview(), 1)
    with contextlib.suppress(ConnectionResetError):
        assert client.recv(100) == b""


def test_a_connection_is_kept_for_the_next_request_and_not_for_ever(
    start_preview, open_connections, monkeypatch
):
    monkeypatch.setattr(protocol, "HEADER_TIMEOUT", 0.3)
    whole = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    (client,) = open_connections(start_preview(), 1, whole)
    for following in (whole, b"GET"):  # the second one is not finished
        answer = b""
        while b"last_frame_age" not in answer:
            answer += (part := client.recv(1000))
            assert part
        client.sendall(following)
    with contextlib.suppress(ConnectionResetError):
        assert client.recv(100) == b""


def test_pages_that_watch_are_not_pushed_out(start_preview, open_connections, feeding):
    client = pytest.importorskip("websockets.sync.client")
    preview = start_preview()
    feeding(preview)
    with client.connect(f"ws://127.0.0.1:{preview.port}/live", max_size=None) as viewer:
        open_connections(preview, 400)
        for _ in range(3):
            viewer.send("ready")
            assert viewer.recv(timeout=30)


def test_two_hundred_pages_watch_and_the_health_check_is_answered(start_preview):
    client = pytest.importorskip("websockets.sync.client")
    preview = start_preview()
    address = f"ws://127.0.0.1:{preview.port}/live"
    with contextlib.ExitStack() as stack:
        viewers = [
            stack.enter_context(client.connect(address, max_size=None, close_timeout=0.1))
            for _ in range(200)
        ]
        for viewer in viewers:
            viewer.send("ready")
        preview.feed()
        assert all(len(viewer.recv(timeout=30)) > 4 for viewer in viewers)
        assert preview.request("/healthz")[0] == 200
        assert preview.sink.hub.viewers == 200


def test_a_header_that_drips_is_cut_off_too(start_preview, open_connections, monkeypatch):
    monkeypatch.setattr(protocol, "HEADER_TIMEOUT", 0.2)
    preview = start_preview()
    drips = open_connections(preview, 20, b"GET / HTTP/1.1\r\n")
    for client in drips:
        client.settimeout(0.01)
    closed = set()
    end = time.monotonic() + 30
    while len(closed) < len(drips) and time.monotonic() < end:
        for client in set(drips) - closed:
            try:
                client.sendall(b"X: y\r\n")
                if client.recv(100) == b"":
                    closed.add(client)
            except TimeoutError:
                continue
            except OSError:
                closed.add(client)
    assert len(closed) == len(drips)


def test_more_pages_than_the_bound_are_turned_away(start_preview, monkeypatch):
    client = pytest.importorskip("websockets.sync.client")
    monkeypatch.setattr(protocol, "max_viewers", lambda: 1)
    preview = start_preview()
    address = f"ws://127.0.0.1:{preview.port}/live"
    with client.connect(address) as first:
        first.send("ready")
        first.recv(timeout=30)
        with pytest.raises(Exception, match=r"HTTP 403|1013"), client.connect(address) as second:
            second.recv(timeout=30)


def test_an_address_gets_one_wrong_attempt_at_a_time(start_preview, monkeypatch):
    preview = start_preview(token=TOKEN)
    slow = threading.Event()
    waiting = threading.Event()

    async def fail(self, address):
        import asyncio

        self._waiting.add(address)
        waiting.set()
        await asyncio.to_thread(slow.wait, 30)
        self._waiting.discard(address)

    monkeypatch.setattr(Throttle, "fail", fail)
    answers = []
    wrong = threading.Thread(
        target=lambda: answers.append(
            preview.request("/login", method="POST", body="token=wrong", **FORM)[0]
        )
    )
    wrong.start()
    assert waiting.wait(30)
    assert preview.request("/login", method="POST", body="token=x", **FORM)[0] == 429
    for path in ("/metrics", "/"):
        assert preview.request(path, Authorization="Bearer x")[0] == 429
    assert preview.request("/healthz")[0] in (200, 503)
    slow.set()
    wrong.join()
    assert answers == [401]
    right = "token=" + TOKEN.replace(" ", "+")
    assert preview.request("/login", method="POST", body=right, **FORM)[0] == 303


@pytest.mark.parametrize("path", ["/", "/metrics", "/live"])
def test_every_way_to_try_a_token_is_slowed_down(start_preview, monkeypatch, path):
    tried = []

    async def fail(self, address):
        tried.append(address)

    monkeypatch.setattr(Throttle, "fail", fail)
    preview = start_preview(token=TOKEN)
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    headers = upgrade if path == "/live" else {}
    assert preview.request(path, Authorization="Bearer wrong", **headers)[0] in (401, 403)
    assert len(tried) == 1


def test_a_wrong_attempt_takes_its_time():
    import asyncio

    throttle = Throttle(0.05)

    async def attempt():
        failing = asyncio.create_task(throttle.fail("here"))
        await asyncio.sleep(0)
        assert throttle.blocks("here") and not throttle.blocks("elsewhere")
        await failing
        assert not throttle.blocks("here")

    begin = time.monotonic()
    asyncio.run(attempt())
    assert time.monotonic() - begin >= 0.05
