"""The size declared in an image's header, read before anything is decoded.

A file of a few kilobytes can declare gigapixels. Sources: PNG (W3C, third edition), GIF89a, BMP
(BITMAPINFOHEADER), JPEG (ITU-T T.81, annex B), WebP container (RFC 9649), TIFF 6.0, netpbm,
JPEG 2000 (ITU-T T.800, annexes A and I), AVIF (ISO/IEC 23008-12, ImageSpatialExtentsProperty).
"""

import re
import struct

_NETPBM = re.compile(rb"P[1-7]\s+(?:#[^\n]*\n\s*)*(\d{1,9})\s+(?:#[^\n]*\n\s*)*(\d{1,9})\s")
_PAM = re.compile(rb"P7\n(?:.*\n)*?WIDTH (\d{1,9})\n(?:.*\n)*?HEIGHT (\d{1,9})\n")
_TIFF_HEADS = {b"II*\0": "<", b"MM\0*": ">"}
_TIFF_VALUES = {3: "H", 4: "I"}  # SHORT and LONG
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # JPEG's markers SOF0 to SOF15
_BARE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


def declared_size(content: bytes) -> tuple[int, int] | None:
    """Read width and height from an image's header.

    Args:
        content: the file, or its beginning.

    Returns:
        Width and height in pixels, of the largest image if there are several; None if the header is
        truncated or of an unknown format.
    """
    try:
        return _size(content)
    except (struct.error, ValueError):
        return None


def _size(content: bytes) -> tuple[int, int] | None:
    head = content[:4]
    if head == b"\x89PNG":
        return _unpack(">II", content, 16)
    if head == b"GIF8":
        return _unpack("<HH", content, 6)
    if head[:2] == b"BM":
        width, height = _unpack("<ii", content, 18)
        return abs(width), abs(height)
    if head[:2] == b"\xff\xd8":
        return _jpeg(content)
    if head == b"RIFF" and content[8:12] == b"WEBP":
        return _webp(content)
    if head in _TIFF_HEADS:
        return _tiff(content, _TIFF_HEADS[head])
    if head == b"\xff\x4f\xff\x51":
        return _unpack(">II", content, 8)
    if content[4:8] == b"jP  ":
        height, width = _unpack(">II", content, content.index(b"ihdr") + 4)
        return width, height
    if content[4:8] == b"ftyp":
        return _largest_extent(content)
    if found := _PAM.match(content) or _NETPBM.match(content):
        return int(found[1]), int(found[2])
    return None


def _unpack(form: str, content: bytes, at: int) -> tuple[int, int]:
    first, second = struct.unpack_from(form, content, at)
    return first, second


def _jpeg(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:  # bytes between two segments, which decoders skip
            at += 1
            continue
        marker = content[at + 1]
        if marker in _FRAMES:
            height, width = _unpack(">HH", content, at + 5)
            return width, height
        if marker == 0xFF:
            at += 1
        elif marker in _BARE:
            at += 2
        else:
            at += 2 + int(struct.unpack_from(">H", content, at + 2)[0])
    return None


def _webp(content: bytes) -> tuple[int, int] | None:
    kind = content[12:16]
    if kind == b"VP8X":
        sides = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (24, 27))
        width, height = sides
        return width, height
    if kind == b"VP8L":
        bits = int(struct.unpack_from("<I", content, 21)[0])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = _unpack("<HH", content, 26)
    return width & 0x3FFF, height & 0x3FFF


def _tiff(content: bytes, order: str) -> tuple[int, int] | None:
    directory = int(struct.unpack_from(f"{order}I", content, 4)[0])
    sides = {}
    for entry in range(int(struct.unpack_from(f"{order}H", content, directory)[0])):
        at = directory + 2 + 12 * entry
        tag, kind = _unpack(f"{order}HH", content, at)
        if tag in (256, 257) and kind in _TIFF_VALUES:
            form = order + _TIFF_VALUES[kind]
            sides[tag] = int(struct.unpack_from(form, content, at + 8)[0])
    return (sides[256], sides[257]) if len(sides) == 2 else None


def _largest_extent(content: bytes) -> tuple[int, int] | None:
    """The largest of an AVIF file's `ispe` boxes: a grid has one per tile and one for the whole."""
    places = [found.end() + 4 for found in re.finditer(b"ispe", content)]
    sizes = [_unpack(">II", content, at) for at in places if at + 8 <= len(content)]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)
