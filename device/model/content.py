"""The content of a `.tflite` file, and the labels in the zip archive that is appended to it."""

import io
import unicodedata
import zipfile
import zlib
from pathlib import Path

from device.errors import InputError
from device.labels import printable
from device.system.read_file import read_file

LABEL_FILE = "labels.txt"
"""The associated file of a model's metadata that names its classes, one a line."""

MAX_SIZE = 1 << 30
"""Largest model file that is read, in bytes."""

MAX_LABEL_FILE = 1 << 20
"""Largest label file, in bytes; a zip archive can declare a small one and hold a large one."""

MAX_LABELS = 1000
MAX_LABEL_LENGTH = 200

_DAMAGED_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,  # bz2, and a seek outside the file
    ValueError,
    NotImplementedError,  # a compression method that zipfile lacks
    RuntimeError,  # an encrypted member
    OverflowError,
)


def read(path: Path) -> bytes:
    """Read a model file whole: one that is replaced while it runs must not end the process.

    Raises:
        InputError: it is missing, no regular file, empty, too large, unreadable or no `.tflite`.
    """
    content = read_file(path, "model file", limit=MAX_SIZE, head=8)
    if not content:
        raise InputError(f"{path} is empty: copy or export the model again")
    if content[4:8] != b"TFL3":
        raise InputError(f"{path} is not a .tflite file (the identifier TFL3 is missing)")
    return read_file(path, "model file", limit=MAX_SIZE)


def read_labels(content: bytes, path: Path) -> tuple[str, ...]:
    """Read the labels from the zip archive that TFLite Metadata appends to a model.

    Args:
        content: the whole model file.
        path: where it came from, for the message.

    Returns:
        The labels as written, in Unicode's composed form (NFC): two spellings of one name are
        equal.

    Raises:
        InputError: there is no such archive or member, as in a file cut short; it is damaged or
            too large; or its labels are no names of distinct classes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            with archive.open(LABEL_FILE) as member:
                raw = member.read(MAX_LABEL_FILE + 1)
            if len(raw) > MAX_LABEL_FILE:
                raise InputError(
                    f"{path}: its {LABEL_FILE} has more than {MAX_LABEL_FILE:,} bytes: "
                    "export the model again"
                )
            text = raw.decode("utf-8-sig")
    except (zipfile.BadZipFile, KeyError) as error:
        raise InputError(
            f"{path} has no {LABEL_FILE} in its metadata, or the file is cut short: "
            "copy it again, or export it with fer-edge"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: its {LABEL_FILE} is not UTF-8: export it again") from error
    except _lzma_errors() as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"{path}: its {LABEL_FILE} is damaged ({reason})") from error
    lines = (line.strip() for line in text.replace("\r", "\n").split("\n"))
    labels = tuple(unicodedata.normalize("NFC", line) for line in lines if line)
    _check_labels(labels, path)
    return labels


def _lzma_errors() -> tuple[type[BaseException], ...]:
    """What a damaged member raises; LZMAError derives from Exception alone."""
    try:
        from lzma import LZMAError
    except ImportError:  # a Python built without it
        return _DAMAGED_ZIP
    return (*_DAMAGED_ZIP, LZMAError)


def _check_labels(labels: tuple[str, ...], path: Path) -> None:
    if not labels:
        raise InputError(f"{path}: its {LABEL_FILE} names no class: export it again")
    if len(labels) > MAX_LABELS:
        raise InputError(
            f"{path}: its {LABEL_FILE} names {len(labels):,} classes: up to {MAX_LABELS} are read"
        )
    for label in labels:
        if len(label) > MAX_LABEL_LENGTH:
            raise InputError(
                f"{path}: the label {printable(label[:20])}… has {len(label):,} characters: "
                f"up to {MAX_LABEL_LENGTH} are read"
            )
    seen = set()
    for label in labels:
        if label in seen:
            raise InputError(
                f"{path}: two classes are called {printable(label)}: export it with other names"
            )
        seen.add(label)
