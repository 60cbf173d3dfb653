"""Splitting a stream of bytes into JPEGs."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.sources.jpegs import Splitter


def encode(seed, quality=90, **options):
    image = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8)
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if options.get("progressive"):
        flags += [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    if options.get("restart"):
        flags += [cv2.IMWRITE_JPEG_RST_INTERVAL, 1]
    return cv2.imencode(".jpg", image, flags)[1].tobytes()


JPEGS = [encode(1), encode(2, progressive=True), encode(3, restart=True), encode(4, quality=100)]


def split(stream, sizes):
    splitter, found, start = Splitter(), [], 0
    for size in [*sizes, len(stream)]:
        splitter.feed(stream[start : start + size])
        start += size
        while (jpeg := splitter.next()) is not None:
            found.append(jpeg)
    return found, splitter


@given(st.lists(st.integers(1, 700), max_size=40))
def test_jpegs_come_out_whole_however_the_stream_is_cut(sizes):
    found, splitter = split(b"".join(JPEGS), sizes)
    assert found == JPEGS
    assert not splitter.begun


@pytest.mark.parametrize(
    "between", [b"", b"\0\0", b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n"]
)
def test_what_stands_between_them_is_passed_over(between):
    found, _ = split(between + between.join(JPEGS) + between, [1] * 50)
    assert found == JPEGS


def test_a_thumbnail_inside_does_not_end_a_picture():
    thumbnail = encode(9)
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    with_thumbnail = JPEGS[0][:2] + segment + JPEGS[0][2:]
    assert split(with_thumbnail + JPEGS[1], [])[0] == [with_thumbnail, JPEGS[1]]


def test_a_torn_picture_is_left_out_and_the_next_is_found():
    assert split(JPEGS[0][:300] + JPEGS[1] + JPEGS[2], [])[0][-1] == JPEGS[2]


def test_a_stream_that_ends_inside_a_picture_says_so():
    assert split(JPEGS[0][:-10], [])[1].begun


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=10))
def test_noise_is_survived_and_not_hoarded(noise, sizes):
    splitter = split(noise, sizes)[1]
    assert splitter.begun or splitter.waiting <= 2
