import os

import cv2
import numpy as np
import pytest

from device.errors import InputError
from device.image import file as image_file


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)


def test_what_is_written_is_read(tmp_path, pixels):
    path = tmp_path / "new" / "bild.png"
    image_file.write(path, pixels)
    np.testing.assert_array_equal(image_file.read(path), pixels)
    assert [file.name for file in path.parent.iterdir()] == ["bild.png"]


def test_a_name_may_hold_any_letters(tmp_path, pixels):
    path = tmp_path / "ça va – 顔.png"
    image_file.write(path, pixels)
    np.testing.assert_array_equal(image_file.read(path), pixels)


@pytest.mark.parametrize(
    "encoded",
    [
        np.full((6, 5), 77, np.uint8),
        np.full((6, 5), 77 * 257, np.uint16),
        np.full((6, 5, 3), 77 * 257, np.uint16),
        np.full((6, 5, 4), 77, np.uint8),
        np.full((1, 1), 77, np.uint8),
        np.full((8000, 8000), 77, np.uint8),
    ],
    ids=["gray", "16-bit gray", "16-bit", "alpha", "one pixel", "8000x8000"],
)
def test_any_depth_channels_and_size_become_three_channels_of_bytes(tmp_path, encoded):
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), encoded)
    read = image_file.read(path)
    assert read.dtype == np.uint8 and read.shape == (*encoded.shape[:2], 3)
    assert read[0, 0].tolist() == [77, 77, 77]


def test_a_picture_is_turned_upright(tmp_path, pixels):
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
    # An APP1 segment whose one EXIF entry, orientation (0x0112), is 6: the camera lay on its side.
    entry = b"\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00" + entry + bytes(4)
    path = tmp_path / "phone.jpg"
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:])
    assert image_file.read(path).shape == (40, 30, 3)


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_what_is_no_picture_is_named(tmp_path, content):
    path = tmp_path / "portrait.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"portrait\.jpg is not an image"):
        image_file.read(path)


def test_a_picture_cut_short_is_named(tmp_path, pixels, capfd):
    path = tmp_path / "cut.png"
    content = cv2.imencode(".png", pixels)[1].tobytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="cut short"):
        image_file.read(path)
    assert capfd.readouterr().err == ""


def test_a_missing_picture_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match="no such image"):
        image_file.read(tmp_path / "none.png")
    with pytest.raises(InputError, match="is a folder"):
        image_file.read(tmp_path)


@pytest.mark.parametrize("name", ["drawing", "drawing.txt"])
def test_an_ending_that_names_no_format_is_refused(tmp_path, pixels, name):
    with pytest.raises(InputError, match="is not an image format"):
        image_file.write(tmp_path / name, pixels)
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InputError, match="not a regular file"):
        image_file.read(tmp_path / "pipe.png")


def test_a_name_that_is_too_long_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be read") as caught:
        image_file.read(tmp_path / ("x" * 256 + ".png"))
    assert "\n" not in str(caught.value)
