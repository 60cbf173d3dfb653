"""Image files: one, or a folder of them."""

import logging
import re
import threading
from pathlib import Path

from device.errors import InputError
from device.frame import Frame
from device.image import file as image_file
from device.sources.base import Source

ENDINGS = frozenset(
    {
        *(".avif", ".bmp", ".dib", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm"),
        *(".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
    }
)
"""Suffixes of images, in any case; GIF counts as video."""

_IN_FOLDERS = ENDINGS | {".gif"}  # of a GIF the first frame is read

log = logging.getLogger(__name__)


class ImageFiles(Source):
    """One image, or those of a folder in natural order (2 before 10)."""

    def __init__(self, path: Path, *, fps: float | None = None) -> None:
        """List the images without reading them.

        Args:
            path: path of an image, or of a folder, which is read without subfolders.
            fps: images per second, if they are frames of a video; None for one per second.

        Raises:
            InputError: the folder has no images.
        """
        self.name = path.name or str(path)
        self.fps = fps or 1.0
        self._alone = not path.is_dir()
        self._paths = [path] if self._alone else list_pictures(path)
        self._next = 0

    def read(self, stop: threading.Event | None = None) -> Frame | None:
        """Return the next image. A damaged one in a folder is skipped, logged and counted."""
        while self._next < len(self._paths) and not (stop is not None and stop.is_set()):
            number, path = self._next, self._paths[self._next]
            self._next += 1
            try:
                return Frame(image_file.read(path), number, number / self.fps, path.name)
            except InputError as error:
                if self._alone:
                    raise
                self.skipped += 1
                log.warning("skipped: %s", error)
        return None


def list_pictures(folder: Path) -> list[Path]:
    """The images of a folder, without its subfolders, in natural order (2 before 10).

    Raises:
        InputError: the folder cannot be read, or contains no images.
    """
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in _IN_FOLDERS]
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror or error}") from error
    if not found:
        raise InputError(f"{folder} contains no images ({', '.join(sorted(_IN_FOLDERS))})")
    return sorted(found, key=_as_sorted_by_people)


def _as_sorted_by_people(path: Path) -> list[tuple[int, str]]:
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), "") if part.isdecimal() else (0, part.lower()) for part in parts]
