"""Sizes declared in headers, and orientation of images."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from device.image import file as image_file
from device.image.declared_size import declared_size
from device.image.decode import MAX_PIXELS, decode

ENDINGS = (".png", ".jpg", ".bmp", ".webp", ".tiff", ".pgm", ".ppm", ".jp2", ".avif", ".gif")

HEADS = (
    *(
        b"",
        b"\x89PNG",
        b"GIF8",
        b"BM",
        b"\xff\xd8",
        b"RIFF\0\0\0\0WEBP",
        b"II*\0",
        b"MM\0*",
        b"P6 ",
    ),
    *(b"P6 ", b"\0\0\0\x0cjP  ", b"\0\0\0\x0cjP  ihdr", b"\0\0\0\x10ftypispe", b"\xff\x4f\xff\x51"),
)


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)


def png(width, height):
    """A PNG whose header declares a size, and whose data are cut short."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99)))


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_header_declares_what_is_decoded(pixels, ending):
    if not cv2.haveImageWriter(f"x{ending}"):
        pytest.skip(f"this OpenCV writes no {ending}")
    image = pixels[..., 0] if ending == ".pgm" else pixels
    content = cv2.imencode(ending, image)[1].tobytes()
    assert declared_size(content) == (160, 120)


@pytest.mark.parametrize(
    "content",
    [
        b"P5\n# a comment\n40 30\n255\n" + bytes(1200),
        b"P7\nWIDTH 40\nHEIGHT 30\nDEPTH 1\nMAXVAL 255\nENDHDR\n",
        b"GIF89a" + struct.pack("<HH", 40, 30),
        b"MM\0*" + struct.pack(">IHHHIHHHHIHH", 8, 2, 256, 3, 1, 40, 0, 257, 3, 1, 30, 0),
        b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0" + bytes([39, 0, 0, 29, 0, 0]),
        b"\xff\xd8\xff\xff\xe0\0\x02x\xff\xd0\xff\xc2\0\x0b\x08" + struct.pack(">HH", 30, 40),
    ],
    ids=["comment", "pam", "gif", "big-endian tiff", "webp with a canvas", "progressive jpeg"],
)
def test_other_forms_of_a_header_are_read(content):
    assert declared_size(content) == (40, 30)


@given(st.sampled_from(HEADS), st.binary(max_size=80))
def test_damaged_headers_declare_something_or_nothing(head, rest):
    size = declared_size(head + rest)
    assert size is None or min(size) >= 0


@pytest.mark.parametrize("size", [(40_000, 40_000), (MAX_PIXELS + 1, 1)])
def test_gigapixels_are_refused_before_they_are_decoded(tmp_path, size):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(*size))
    message = r"bomb\.png is an image of .* pixels: at most 268,435,456"
    with pytest.raises(InputError, match=message):
        image_file.read(path)


def test_a_narrow_picture_is_read(tmp_path):
    path = tmp_path / "narrow.png"
    cv2.imwrite(str(path), np.full((1, 60_000), 99, np.uint8))
    assert image_file.read(path).shape == (1, 60_000, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_is_turned_upright_as_jpeg_is(orientation):
    image = pytest.importorskip("PIL.Image")
    if not pytest.importorskip("PIL.features").check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    corners = np.zeros((60, 100, 3), np.uint8)
    corners[:30, :50], corners[30:, :50] = 250, 120
    exif = image.Exif()
    exif[0x0112] = orientation
    found = []
    for form in ("AVIF", "JPEG"):
        file = io.BytesIO()
        image.fromarray(corners).save(file, form, exif=exif.tobytes())
        found.append(decode(file.getvalue(), gray=True).astype(int))
    assert found[0].shape == found[1].shape
    assert np.abs(found[0] - found[1]).mean() < 5
