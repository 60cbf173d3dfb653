"""What a `.tflite` file holds, before an interpreter sees it."""

import io
import zipfile
from pathlib import Path

from device.errors import InputError

LABEL_FILE = "labels.txt"
"""The associated file of a model's metadata that names its classes, one a line."""


def read(path: Path) -> bytes:
    """Read a model file whole: one that is replaced while it runs must not end the process.

    Raises:
        InputError: it is missing, a folder, empty, unreadable or no `.tflite`.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder: give the .tflite file in it")
    if not path.is_file():
        raise InputError(f"{path}: no such model file")
    try:
        with path.open("rb") as file:
            head = file.read(8)
            if not head:
                raise InputError(f"{path} is empty: copy or export the model again")
            if head[4:8] != b"TFL3":
                raise InputError(f"{path} is not a .tflite file (the identifier TFL3 is missing)")
            return head + file.read()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def read_labels(content: bytes, path: Path) -> tuple[str, ...]:
    """Read the labels from the zip archive that TFLite Metadata appends to a model.

    Args:
        content: the whole model file.
        path: where it came from, for the message.

    Raises:
        InputError: there is no such archive or member, as in a file cut short, or no text in it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            text = archive.read(LABEL_FILE).decode("utf-8")
    except (zipfile.BadZipFile, KeyError) as error:
        raise InputError(
            f"{path} has no {LABEL_FILE} in its metadata, or the file is cut short: "
            "copy it again, or export it with fer-edge"
        ) from error
    except Exception as error:  # zipfile raises many kinds on a damaged member
        raise InputError(f"{path}: its {LABEL_FILE} cannot be read ({error})") from error
    return tuple(line.strip() for line in text.splitlines() if line.strip())
