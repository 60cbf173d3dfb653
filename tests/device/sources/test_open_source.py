"""Sources opened by a command-line argument, and errors for those that cannot be opened."""

import os
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from device.errors import InputError
from device.sources import open_source


def picture(level, height=20, width=30):
    return np.full((height, width, 3), level, np.uint8)


def write_video(path, count=12, size=(64, 48)):
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, size)
    for number in range(count):
        video.write(np.full((size[1], size[0], 3), 20 * (number % 12), np.uint8))
    video.release()
    return path


def read_all(source):
    with source:
        frames = []
        while (frame := source.read()) is not None:
            frames.append((frame.number, frame.name, round(frame.time, 3), frame.image.copy()))
        return frames


def test_a_picture(tmp_path):
    cv2.imwrite(str(tmp_path / "one.png"), picture(7))
    source = open_source(str(tmp_path / "one.png"))
    assert not source.live
    ((number, name, _, image),) = read_all(source)
    assert (number, name) == (0, "one.png")
    assert image.shape == (20, 30, 3) and (image == 7).all()


def test_a_folder_in_the_order_of_people_with_times_where_a_rate_is_given(tmp_path):
    for number in (10, 2, 1):
        cv2.imwrite(str(tmp_path / f"frame{number}.png"), picture(number))
    (tmp_path / "notes.txt").write_text("no picture")
    frames = read_all(open_source(str(tmp_path), fps=5))
    assert [name for _, name, _, _ in frames] == ["frame1.png", "frame2.png", "frame10.png"]
    assert [time for _, _, time, _ in frames] == [0, 0.2, 0.4]


def test_a_damaged_picture_of_a_folder_is_left_out_logged_and_counted(tmp_path, caplog):
    cv2.imwrite(str(tmp_path / "a.png"), picture(1))
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    source = open_source(str(tmp_path))
    assert len(read_all(source)) == 1
    assert source.skipped == 1
    assert "b.png" in caplog.text


def test_every_frame_of_a_video_with_its_position(tmp_path):
    source = open_source(str(write_video(tmp_path / "film.avi")))
    assert not source.live
    frames = read_all(source)
    assert [number for number, *_ in frames] == list(range(12))
    assert [time for _, _, time, _ in frames] == pytest.approx(
        [n / 10 for n in range(12)], abs=0.01
    )
    assert [round(image.mean() / 20) for *_, image in frames] == list(range(12))
    assert source.fps == 10


def test_a_video_cut_short_gives_what_there_is_and_says_so(tmp_path, caplog):
    path = write_video(tmp_path / "film.avi", count=200)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames = read_all(open_source(str(path)))
    assert 50 < len(frames) < 150
    assert "is it cut short" in caplog.text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("film.avi", b"", "is empty"),
        ("film.avi", b"RIFF\0\0\0\0AVI ", "is not an image or video"),
        ("film.mp4", b"not a film at all" * 100, "is not an image or video"),
        ("face.jpg", b"not a picture", "is not an image that"),
        ("face.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", "is not an image that"),
    ],
)
def test_a_file_that_is_neither(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_all(open_source(str(tmp_path / name)))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nowhere.avi", "no such image, folder or video"),
        ("gopher://there/is", "gopher is not a stream"),
        ("/dev/video97", "no such camera"),
        ("/dev/shm", "Is a directory"),
        ("97", "/dev/video97: no such camera"),
        ("picamera", "python3-picamera2"),
    ],
)
def test_a_source_that_is_not_there(spec, message):
    with pytest.raises(InputError, match=message):
        read_all(open_source(spec))


def test_an_empty_folder(tmp_path):
    with pytest.raises(InputError, match="contains no images"):
        open_source(str(tmp_path))


def test_pictures_of_all_kinds_come_as_eight_bits_in_three_channels(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.full((1, 1), 9, np.uint8))
    cv2.imwrite(str(tmp_path / "2.png"), np.full((5, 5, 4), 9, np.uint8))
    cv2.imwrite(str(tmp_path / "3.png"), np.full((5, 5), 9 * 257, np.uint16))
    for *_, image in read_all(open_source(str(tmp_path))):
        assert image.dtype == np.uint8 and image.shape[2] == 3 and (image == 9).all()


class FakeCamera:
    """A replacement of `cv2.VideoCapture` with three frames."""

    def __init__(self, *arguments):
        self.arguments, self.options, self.left = arguments, {}, 3

    def isOpened(self):
        return True

    def set(self, option, value):
        self.options[option] = value

    def get(self, option):
        return 30.0

    def read(self, buffer=None):
        self.left -= 1
        return (True, picture(self.left)) if self.left >= 0 else (False, None)

    def release(self):
        self.left = 0


def test_a_camera_is_asked_for_size_and_rate(monkeypatch, tmp_path):
    from device.sources import camera

    device = tmp_path / "video0"
    device.touch()
    made = []
    monkeypatch.setattr(
        camera.cv2, "VideoCapture", lambda *a: made.append(FakeCamera(*a)) or made[-1]
    )
    capture = camera.Camera(str(device), width=640, height=480, fps=30)
    capture.open()
    assert capture.fps == 30
    assert made[0].options[cv2.CAP_PROP_FRAME_WIDTH] == 640
    assert made[0].options[cv2.CAP_PROP_BUFFERSIZE] == 1
    assert [capture.read(None) is None for _ in range(4)] == [False, False, False, True]
    capture.close()


def test_a_camera_that_is_unplugged_and_plugged_in_again(monkeypatch, tmp_path, caplog):
    from device.sources import camera, capture

    device = tmp_path / "video0"
    device.touch()
    monkeypatch.setattr(capture, "MIN_RETRY_DELAY", 0.001)
    monkeypatch.setattr(camera.cv2, "VideoCapture", lambda *_: FakeCamera())
    opened = []

    def unplugged(*arguments):
        opened.append(arguments)
        if len(opened) in (2, 3):
            raise FileNotFoundError(2, "No such file or directory")
        return os.open(device, os.O_RDWR)

    fake = SimpleNamespace(**{**vars(os), "open": unplugged})
    monkeypatch.setattr(camera, "os", fake)
    with open_source("/dev/video97") as source:
        while len(opened) < 4 or source.read().number < 3:
            assert source.read() is not None
    assert source.live
    assert "no such camera" in caplog.text and "is back" in caplog.text


def test_a_camera_without_rights_names_the_group(monkeypatch):
    from device.sources import camera

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(camera.os, "open", refuse)
    with pytest.raises(InputError, match="group video"):
        read_all(open_source("/dev/video0"))


def test_addresses_are_logged_without_secrets():
    source = open_source("rtsp://me:secret@cam.local:554/live?token=abc")
    assert source.name == "rtsp://cam.local:554/live"


def frames_of(count=8):
    return [np.full((48, 64, 3), 20 * number, np.uint8) for number in range(count)]


@pytest.mark.parametrize("name", ["film.mjpg", "film", "film.bin"])
def test_a_raw_motion_jpeg_file_gives_every_frame(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"".join(cv2.imencode(".jpg", image)[1].tobytes() for image in frames_of()))
    frames = read_all(open_source(str(path), fps=5))
    assert [round(image.mean() / 20) for *_, image in frames] == list(range(8))
    assert [time for _, _, time, _ in frames] == pytest.approx([n / 5 for n in range(8)])


def test_a_single_jpeg_without_a_picture_s_ending_is_a_picture(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(cv2.imencode(".jpg", picture(9))[1].tobytes())
    assert len(read_all(open_source(str(path)))) == 1


@pytest.mark.parametrize("ending", ["webp", "avif", "png", "gif"])
def test_an_animated_picture_gives_every_frame_at_its_time(tmp_path, ending):
    path = tmp_path / f"film.{ending}"
    animation = cv2.Animation()
    animation.frames = [cv2.cvtColor(image, cv2.COLOR_BGR2BGRA) for image in frames_of()]
    animation.durations = [100] * 8
    assert cv2.imwriteanimation(str(path), animation)
    frames = read_all(open_source(str(path)))
    assert [round(image.mean() / 20) for *_, image in frames] == list(range(8))
    assert {image.shape for *_, image in frames} == {(48, 64, 3)}
    assert [time for _, _, time, _ in frames] == pytest.approx([n / 10 for n in range(8)], abs=0.02)


def test_a_long_animation_is_decoded_in_parts(tmp_path, monkeypatch):
    from device.sources import animation as module

    monkeypatch.setattr(module, "_CHUNK_BYTES", 3 * 48 * 64 * 4)
    path = tmp_path / "film.png"
    animation = cv2.Animation()
    animation.frames = [cv2.cvtColor(image, cv2.COLOR_BGR2BGRA) for image in frames_of()]
    animation.durations = [40] * 8
    assert cv2.imwriteanimation(str(path), animation)
    frames = read_all(open_source(str(path)))
    assert [round(image.mean() / 20) for *_, image in frames] == list(range(8))


def test_a_still_picture_that_could_be_animated_is_one_picture(tmp_path):
    for name in ("a.webp", "a.png", "a.avif"):
        cv2.imwrite(str(tmp_path / name), picture(50))
        assert len(read_all(open_source(str(tmp_path / name)))) == 1


def test_a_relative_video_name_with_a_colon(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "09:30.avi")
    assert len(read_all(open_source("09:30.avi"))) == 12


def test_a_named_pipe_is_refused_instead_of_awaited(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        open_source(str(tmp_path / "pipe"))


@pytest.mark.parametrize(
    "spec",
    [
        "rtsp:/u:S3CRET@h/x",
        "http+tcp://u:S3CRET/y@h",
        "gopher://u:P@S3CRET@h",
        "admin:S3CRET@cam/live",
        "rtsp://127.0.0.1:9/user=a&password=S3CRET",
        "srt://127.0.0.1:9?passphrase=S3CRET",
        "rtmp://u:S3/CRET@127.0.0.1:9/x",
    ],
)
def test_no_error_shows_a_password(spec):
    with pytest.raises(InputError) as raised:
        read_all(open_source(spec))
    assert "CRET" not in str(raised.value)


@pytest.mark.parametrize("scheme", ["rtmp", "srt", "rtmps", "tls", "mmsh", "ftp"])
def test_every_live_protocol_of_ffmpeg_is_a_stream(scheme):
    assert open_source(f"{scheme}://127.0.0.1:9/x").live
