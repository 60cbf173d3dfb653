"""A wheel of what measures (`benchmarks` and `device`), made from the packages as they lie here.

It is written by hand, not by pip: so it needs no network, no build tools and no source checkout,
and is the same from an installed package as from an editable one. The format is that of the
binary distribution specification (PEP 427).
"""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from importlib.metadata import metadata, version
from pathlib import Path

import benchmarks
import device

_WHEEL = "Wheel-Version: 1.0\nGenerator: fer-edge\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same packages make the same bytes


def name() -> str:
    """File name of the wheel."""
    return f"fer_edge-{version('fer-edge')}-py3-none-any.whl"


def build() -> bytes:
    """Make the wheel."""
    info = f"fer_edge-{version('fer-edge')}.dist-info"
    files = dict(_packages())
    files[f"{info}/METADATA"] = str(metadata("fer-edge")).encode()
    files[f"{info}/WHEEL"] = _WHEEL.encode()
    record = f"{info}/RECORD"
    lines = [f"{path},{_digest(content)},{len(content)}" for path, content in files.items()]
    files[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(_entry(path), content)
    return target.getvalue()


def _packages() -> Iterator[tuple[str, bytes]]:
    for package in (benchmarks, device):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{root.name}/{path.relative_to(root).as_posix()}", path.read_bytes()


def _digest(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return "sha256=" + digest.rstrip(b"=").decode()


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
