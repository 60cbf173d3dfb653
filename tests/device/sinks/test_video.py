"""The annotated video, read as a player reads it."""

import errno
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from device.errors import InputError
from device.sinks import video
from device.sinks.video import VideoSink


def play(path):
    file = cv2.VideoCapture(str(path))
    frames = []
    while (found := file.read())[0]:
        frames.append(found[1])
    return frames, file.get(cv2.CAP_PROP_FPS)


@pytest.mark.parametrize("name", ["out.avi", "out.mp4"])
def test_every_frame_of_a_file_with_its_faces_drawn_in(make_result, tmp_path, name):
    with VideoSink(tmp_path / name, fps=lambda: 10.0) as sink:
        for number in range(12):
            result = make_result(number=number, faces=1, size=(240, 320))
            sink.write(result)
            assert (result.frame.image == 90).all()
        assert not (tmp_path / name).exists()  # it appears when it is whole
    frames, fps = play(tmp_path / name)
    assert len(frames) == 12 and fps == 10
    assert frames[0].shape == (240, 320, 3)
    assert frames[0].std() > 5


def test_landmarks_are_drawn_where_the_scaled_face_is(make_result, tmp_path):
    def last(landmarks):
        with VideoSink(tmp_path / f"{landmarks is None}.avi", fps=lambda: 10.0) as sink:
            sink.write(make_result(size=(240, 320)))
            result = make_result(number=1, size=(120, 160))  # shown twice as large
            result.faces[0].landmarks = landmarks
            sink.write(result)
        return play(tmp_path / f"{landmarks is None}.avi")[0][-1].astype(int)

    marked = last(np.full((68, 2), (100, 90), np.float32))
    row, column = np.unravel_index(np.abs(marked - last(None)).sum(axis=2).argmax(), (240, 320))
    assert abs(column - 200) <= 2 and abs(row - 180) <= 2


def test_a_live_source_is_shown_as_fast_as_it_was(make_result, tmp_path):
    with VideoSink(tmp_path / "out.avi", fps=lambda: 10.0) as sink:
        for number, time in enumerate((100.0, 100.05, 100.5, 101.0)):
            sink.write(make_result(number=number, live=True, time=time))
    assert len(play(tmp_path / "out.avi")[0]) == 11  # 1.0 s at 10 a second, and the first


def test_a_long_pause_of_a_live_source_is_cut_short(make_result, tmp_path):
    with VideoSink(tmp_path / "out.avi", fps=lambda: 10.0) as sink:
        sink.write(make_result(live=True, time=0.0))
        sink.write(make_result(live=True, time=3600.0))
    assert len(play(tmp_path / "out.avi")[0]) <= 12


def test_gray_odd_and_changing_sizes_are_written(make_result, tmp_path):
    with VideoSink(tmp_path / "out.avi") as sink:
        sink.write(make_result(size=(49, 65), gray=True))
        sink.write(make_result(size=(49, 65)))
        sink.write(make_result(size=(200, 100)))
    frames, _ = play(tmp_path / "out.avi")
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 3


def test_what_is_there_is_not_written_over(tmp_path):
    (tmp_path / "mine.avi").write_bytes(b"mine")
    with pytest.raises(InputError, match="exists"):
        VideoSink(tmp_path / "mine.avi")
    assert (tmp_path / "mine.avi").read_bytes() == b"mine"


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.avi or \.mp4"):
        VideoSink(tmp_path / "out.webm")


def test_a_run_without_frames_leaves_no_file(tmp_path):
    with VideoSink(tmp_path / "out.avi"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_of_that_result_and_the_video_is_whole(
    make_result, tmp_path, monkeypatch
):
    free = SimpleNamespace(f_bavail=1000, f_frsize=1 << 20)
    monkeypatch.setattr(video.os, "statvfs", lambda _: free)
    with VideoSink(tmp_path / "out.avi") as sink:
        sink.write(make_result(0))
        free.f_bavail = 1
        with pytest.raises(OSError) as caught:
            sink.write(make_result(1))
        assert caught.value.errno == errno.ENOSPC
        free.f_bavail = 1000
        sink.write(make_result(2))
    assert len(play(tmp_path / "out.avi")[0]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out.avi"]


@pytest.mark.parametrize("name", ["out.avi", "out.mp4"])
def test_a_video_that_the_disk_cut_short_does_not_pass_for_whole(tmp_path, name):
    """In a process whose files cannot grow beyond a limit, as on a full disk."""
    program = f"""
import resource, signal
from pathlib import Path
import numpy as np
from device.frame import Frame, Result
from device.sinks.video import VideoSink
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
with VideoSink(Path({name!r})) as sink:
    for number in range(60):
        sink.write(Result(Frame(noise, number, number / 15, "x"), [], ()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert "of 60 frames can be read" in done.stderr
    assert "Failed to write frame" not in done.stderr
    (kept,) = tmp_path.iterdir()
    assert kept.name.startswith("out-incomplete-") and kept.suffix == f".{name[-3:]}"


def test_a_relative_name_with_a_colon(make_result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with VideoSink(Path("09:30.avi")) as sink:
        sink.write(make_result(0))
    assert len(play(tmp_path / "09:30.avi")[0]) == 1
