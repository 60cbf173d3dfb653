"""The content of a `.tflite` file, and the labels in the zip archive appended to it."""

import io
import unicodedata
import zipfile
import zlib
from pathlib import Path

from device.errors import InputError
from device.labels import printable
from device.system.read_file import read_file

LABEL_FILE = "labels.txt"
"""The associated file of a model's metadata that lists its classes, one per line."""

OCCLUSION_FILE = "occlusion.txt"
"""The associated file that lists the classes of a second output, the hidden parts of a face."""

MAX_SIZE = 1 << 30
"""Maximum size of a model file in bytes."""

MAX_LABEL_FILE = 1 << 20
"""Maximum size of a label file in bytes; a zip archive can declare a small file and hold a large
one."""

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
    """Read a model file into memory: replacing the file must not crash a running process.

    Raises:
        InputError: the file is missing, not a regular file, empty, too large, unreadable or not a
            `.tflite`.
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
        content: content of the whole model file.
        path: path of the file, for the message.

    Returns:
        The labels as written, in Unicode's composed form (NFC), so that two spellings of a name are
        equal.

    Raises:
        InputError: there is no such archive or member, as in a truncated file; it is damaged or too
            large; or its labels are not names of distinct classes.
    """
    labels = _read_list(content, LABEL_FILE, path)
    if labels is None:
        raise InputError(
            f"{path} has no {LABEL_FILE} in its metadata, or the file is cut short: copy it "
            "again, or export it with fer-edge"
        )
    return labels


def read_parts(content: bytes, path: Path) -> tuple[str, ...]:
    """Read the labels of a second output, the hidden part of a face, as `read_labels` does.

    Returns:
        The labels; empty if the file lists none.
    """
    return _read_list(content, OCCLUSION_FILE, path) or ()


def _read_list(content: bytes, name: str, path: Path) -> tuple[str, ...] | None:
    """The distinct lines of a text file in the archive; None without archive or file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            with archive.open(name) as member:
                raw = member.read(MAX_LABEL_FILE + 1)
            if len(raw) > MAX_LABEL_FILE:
                raise InputError(
                    f"{path}: its {name} has more than {MAX_LABEL_FILE:,} bytes: "
                    "export the model again"
                )
            text = raw.decode("utf-8-sig")
    except (zipfile.BadZipFile, KeyError):
        return None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: its {name} is not UTF-8: export it again") from error
    except _lzma_errors() as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"{path}: its {name} is damaged ({reason})") from error
    lines = (line.strip() for line in text.replace("\r", "\n").split("\n"))
    labels = tuple(unicodedata.normalize("NFC", line) for line in lines if line)
    _check_labels(labels, name, path)
    return labels


def _lzma_errors() -> tuple[type[BaseException], ...]:
    """Errors raised for a damaged member; LZMAError derives directly from Exception."""
    try:
        from lzma import LZMAError
    except ImportError:  # a Python built without it
        return _DAMAGED_ZIP
    return (*_DAMAGED_ZIP, LZMAError)


def _check_labels(labels: tuple[str, ...], name: str, path: Path) -> None:
    if not labels:
        raise InputError(f"{path}: its {name} lists no class: export it again")
    if len(labels) > MAX_LABELS:
        raise InputError(
            f"{path}: its {name} lists {len(labels):,} classes: at most {MAX_LABELS} are read"
        )
    for label in labels:
        if len(label) > MAX_LABEL_LENGTH:
            raise InputError(
                f"{path}: the label {printable(label[:20])}… has {len(label):,} characters: "
                f"at most {MAX_LABEL_LENGTH} are supported"
            )
    seen = set()
    for label in labels:
        if label in seen:
            raise InputError(
                f"{path}: two classes are called {printable(label)}: export it with other names"
            )
        seen.add(label)
