"""Distribution of frames from the loop to the viewers."""

import contextlib
import json
import struct
import threading
import time

import cv2
import numpy as np
import pytest

TIMEOUT = 30.0


@pytest.fixture
def connect():
    """Open a viewer's connection to a preview; all are closed at the end."""
    client = pytest.importorskip("websockets.sync.client")
    with contextlib.ExitStack() as stack:

        def connect(preview, **headers):
            return stack.enter_context(
                client.connect(
                    f"ws://127.0.0.1:{preview.port}/live",
                    additional_headers=headers,
                    max_size=None,
                    close_timeout=0.2,
                )
            )

        yield connect


def ask(viewer):
    viewer.send("ready")


def take(viewer):
    """Receive a message; returns its JSON and its image."""
    content = viewer.recv(timeout=TIMEOUT)
    (length,) = struct.unpack(">I", content[:4])
    picture = np.frombuffer(content[4 + length :], np.uint8)
    return json.loads(content[4 : 4 + length]), (
        cv2.imdecode(picture, cv2.IMREAD_COLOR) if picture.size else None
    )


def wait_until(true):
    end = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def wait_for_asking(preview, viewers):
    wait_until(lambda: len(preview.sink.hub._waiting) == viewers)


def test_a_viewer_gets_picture_and_numbers(start_preview, connect):
    preview = start_preview()
    viewer = connect(preview)
    ask(viewer)
    wait_for_asking(preview, 1)
    preview.feed()
    state, picture = take(viewer)
    assert picture.shape == (240, 320, 3)
    assert abs(int(picture[100, 100, 0]) - 10) <= 2
    (face,) = state["faces"]
    assert face["box"] == [20, 40, 80, 80] and face["track"] == 1 and face["label"] == "angry"
    assert dict(zip(state["labels"], face["probabilities"], strict=True))["angry"] == 0.7
    assert state["size"] == [320, 240]
    assert state["dropped"] == 3 and state["viewers"] == 1


def test_nothing_is_copied_or_encoded_while_nobody_watches(start_preview, connect):
    preview = start_preview()
    preview.feed(50)
    viewer = connect(preview)
    wait_until(lambda: preview.sink.hub.viewers == 1)
    preview.feed(50)  # it has not asked
    assert preview.sink.hub.encoded == 0
    viewer.close()
    wait_until(lambda: preview.sink.hub.viewers == 0)


def test_a_picture_is_encoded_once_for_all_viewers(start_preview, connect):
    preview = start_preview(fps=1e6)
    viewers = [connect(preview) for _ in range(4)]
    for _ in range(5):
        for viewer in viewers:
            ask(viewer)
        wait_for_asking(preview, 4)
        preview.feed()
        pictures = [take(viewer)[1] for viewer in viewers]
        assert all(np.array_equal(pictures[0], picture) for picture in pictures)
    assert preview.sink.hub.encoded == 5


def test_a_slow_viewer_gets_fewer_frames_and_they_are_new(start_preview, connect):
    preview = start_preview(fps=1e6)
    quick, slow = connect(preview), connect(preview)
    ask(slow)
    for number in range(20):
        ask(quick)
        wait_for_asking(preview, 2 if number == 0 else 1)
        preview.feed()
        assert take(quick)[0]["faces"]
    assert take(slow)[0]["faces"]  # the first frame; it did not ask since
    ask(slow)
    wait_for_asking(preview, 1)
    preview.feed()
    _, picture = take(slow)
    assert abs(int(picture[200, 200, 0]) - (10 + 20 * 7)) <= 2


def test_a_viewer_that_never_reads_holds_nobody_up(start_preview, connect):
    preview = start_preview(fps=1e6)
    stuck = connect(preview)
    for _ in range(200):
        ask(stuck)
    viewer = connect(preview)
    for _ in range(30):
        ask(viewer)
        wait_until(lambda: preview.sink.hub._waiting)
        done = threading.Event()
        while not done.wait(0.005):
            preview.feed()
            with contextlib.suppress(TimeoutError):
                viewer.recv(timeout=0.05)
                done.set()


def test_a_viewer_hears_that_there_is_no_new_frame(start_preview, connect):
    viewer = connect(start_preview())
    ask(viewer)
    state, picture = take(viewer)
    assert "faces" not in state and picture is None


def test_without_frames_no_picture_leaves_the_loop(start_preview, connect):
    preview = start_preview(frames=False)
    viewer = connect(preview)
    ask(viewer)
    wait_for_asking(preview, 1)
    preview.feed()
    state, picture = take(viewer)
    assert state["frames"] is False and len(state["faces"]) == 1
    assert picture is None


@pytest.mark.parametrize(("size", "sent"), [((1920, 1080), (640, 360)), ((300, 2), (300, 2))])
def test_wide_pictures_are_scaled_down(start_preview, connect, result, size, sent):
    preview = start_preview()
    viewer = connect(preview)
    ask(viewer)
    wait_for_asking(preview, 1)
    preview.sink.write(result(0, size=size))
    state, picture = take(viewer)
    assert picture.shape[1::-1] == sent
    assert state["size"] == list(size)  # what the boxes are measured in


def test_a_gray_picture_is_shown(start_preview, connect, result):
    preview = start_preview()
    viewer = connect(preview)
    ask(viewer)
    wait_for_asking(preview, 1)
    frame = result(0)
    frame.frame.image = np.ascontiguousarray(frame.frame.image[:, :, 0])
    preview.sink.write(frame)
    assert take(viewer)[1].shape == (240, 320, 3)


def test_what_the_loop_overwrites_later_does_not_change_what_is_sent(
    start_preview, connect, result
):
    preview = start_preview()
    viewer = connect(preview)
    ask(viewer)
    wait_for_asking(preview, 1)
    frame = result(0)
    preview.sink.write(frame)
    frame.frame.image[:] = 255
    frame.faces[0].probabilities[:] = 1
    state, picture = take(viewer)
    assert picture.mean() < 15
    assert max(state["faces"][0]["probabilities"]) == 0.7


def test_a_viewer_of_another_web_page_is_refused(start_preview, connect):
    preview = start_preview()
    exceptions = pytest.importorskip("websockets.exceptions")
    with pytest.raises(exceptions.InvalidStatus, match="403"):
        connect(preview, Origin="http://elsewhere.example")
    assert connect(preview, Origin=f"http://127.0.0.1:{preview.port}")


def test_closing_with_open_viewers_ends_soon(start_preview, connect):
    preview = start_preview()
    viewer = connect(preview)
    ask(viewer)
    wait_for_asking(preview, 1)
    preview.sink.close()
    preview.feed()  # the loop may still hand over a result
    assert not [thread for thread in threading.enumerate() if thread.name == "preview"]
