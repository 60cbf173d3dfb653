"""Plan of a batch: the assignment of files to parts, fixed by the first run."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from device.errors import InputError
from device.system.atomic_file import make_folder, replacing

# Readers of Parquet folders skip names that begin with an underscore.
PLAN = "_plan.json"
FILES = "_files.txt"
LOCK = "_run.lock"

IMAGES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".jp2", ".png", ".bmp", ".dib", ".webp", ".avif", ".tif",
    ".tiff", ".pgm", ".ppm", ".pbm", ".pnm",
)  # fmt: skip
VIDEOS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".mjpeg", ".gif")


@dataclass(frozen=True)
class Settings:
    """Settings that determine the rows of a batch.

    Attributes:
        model: absolute path of the model file.
        digest: SHA-256 (hex) of the model file.
        detector: name of the face detector.
        detector_model: model file of the detector; None for the default.
        largest: whether to classify only the largest face.
        every: frame interval in videos; every n-th frame is labeled.
        per_part: images per part; each video is a separate part.
        weights: factors of the probabilities by label, from a prior; None for no correction.
    """

    model: str
    digest: str
    detector: str
    detector_model: str | None
    largest: bool
    every: int
    per_part: int
    weights: tuple[float, ...] | None


@dataclass(frozen=True)
class Part:
    """Files that are labeled together and written to one Parquet file.

    Attributes:
        number: index of the part, from 0.
        files: paths of images, or of one video.
    """

    number: int
    files: tuple[str, ...]

    def output(self, folder: Path) -> Path:
        """Return the path of the part's Parquet file."""
        return folder / f"part-{self.number:06}.parquet"


def prepare(words: Sequence[str], settings: Settings, out: Path) -> list[Part]:
    """Create the plan of a batch, or load it if the batch was started before.

    Args:
        words: images, videos, folders (searched recursively), and lists (`.txt`) with one path per
            line.
        settings: settings of the batch.
        out: folder of the batch.

    Raises:
        InputError: a file is missing, or `out` contains another batch.
    """
    files = list(dict.fromkeys(path for word in words for path in _found(Path(word))))
    if not files:
        raise InputError("no image or video found: give folders, videos, or path lists (.txt)")
    text = "".join(f"{path}\n" for path in files)
    known = asdict(settings) | {"files": hashlib.sha256(text.encode()).hexdigest()}
    known["weights"] = list(settings.weights) if settings.weights else None
    _keep(known, text, out)
    return list(_parts(files, settings.per_part))


def _keep(known: dict[str, Any], text: str, out: Path) -> None:
    path = out / PLAN
    if not path.exists():
        if out.exists() and any(out.glob("*.parquet")):
            raise InputError(f"{out} contains other Parquet files: choose another --out")
        make_folder(out)
        with replacing(out / FILES) as partial:
            partial.write_text(text, encoding="utf-8")
        with replacing(path) as partial:
            partial.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({error}): choose another --out") from error
    if not isinstance(before, dict):
        raise InputError(f"{path} is damaged: choose another --out")
    other = [name for name, value in known.items() if before.get(name) != value]
    if other:
        raise InputError(
            f"{out} contains a batch with a different {', '.join(other)}: choose another --out, or "
            f"use the options and files of {path} and {out / FILES}"
        )


def _found(path: Path) -> Iterator[str]:
    """Yield the absolute paths of the images and videos that an argument names."""
    if path.is_dir():
        inside = (file for file in path.rglob("*") if file.suffix.lower() in (*IMAGES, *VIDEOS))
        yield from (_line(file) for file in sorted(inside) if file.is_file())
    elif not path.is_file():
        raise InputError(f"{path}: no such file or folder")
    elif path.suffix.lower() == ".txt":
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: not a list of paths ({error})") from error
        yield from (_line(path.parent / line) for line in lines if line.strip())
    else:
        yield _line(path)


def _line(path: Path) -> str:
    text = str(path.absolute())
    if "\n" in text or "\r" in text:
        raise InputError(f"{text!r}: file names must not contain line breaks: rename the file")
    return text


def _parts(files: Sequence[str], per_part: int) -> Iterator[Part]:
    images = [file for file in files if not file.lower().endswith(VIDEOS)]
    groups = [images[at : at + per_part] for at in range(0, len(images), per_part)]
    groups += [[file] for file in files if file.lower().endswith(VIDEOS)]
    yield from (Part(number, tuple(group)) for number, group in enumerate(groups))
