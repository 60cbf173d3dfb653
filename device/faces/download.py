"""Detector files that fer-edge does not ship: brought once, checked whenever used."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from device.errors import InputError
from device.system.atomic_file import replacing
from device.system.redact import redact_url
from device.system.user_folders import data_folder

_CHUNK = 64 * 1024
_TIMEOUT = 30.0  # seconds without a byte


@dataclass(frozen=True)
class Asset:
    """A file on the web, pinned by size and digest.

    Attributes:
        name: what `fer-edge fetch` calls it.
        file: its file name.
        url: where it comes from.
        size: in bytes.
        sha256: hexadecimal digest.
        licence: SPDX identifier.
    """

    name: str
    file: str
    url: str
    size: int
    sha256: str
    licence: str

    def path(self) -> Path:
        """Where it lies once it is fetched."""
        return data_folder() / self.name / self.file

    def complaint(self, content: bytes) -> str | None:
        """Say what is wrong with a content; None where it is this file's, to the bit."""
        if len(content) != self.size:
            return f"has {len(content):,} bytes instead of {self.size:,}"
        digest = hashlib.sha256(content).hexdigest()
        if digest != self.sha256:
            return f"has the SHA-256 {digest[:12]}… instead of {self.sha256[:12]}…"
        return None

    def read(self) -> bytes:
        """Read the fetched file and check it.

        Raises:
            InputError: it was not fetched, cannot be read, or is not what it should be.
        """
        path = self.path()
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise InputError(f"{path} is not there: run fer-edge fetch {self.name}") from error
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
        if complaint := self.complaint(content):
            raise InputError(f"{path} {complaint}: run fer-edge fetch {self.name} again")
        return content

    def is_fetched(self) -> bool:
        """Whether the right file is there."""
        try:
            self.read()
        except InputError:
            return False
        return True


YUNET = Asset(
    name="yunet",
    file="face_detection_yunet_2023mar.onnx",
    # The repository keeps the file in Git LFS: this host serves the content, not the pointer.
    url=(
        "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/"
        "face_detection_yunet/face_detection_yunet_2023mar.onnx"
    ),
    size=232_589,
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    licence="MIT",
)

ASSETS = {asset.name: asset for asset in (YUNET,)}
"""Everything that can be fetched, by name."""


def fetch(
    asset: Asset,
    *,
    url: str | None = None,
    timeout: float = _TIMEOUT,
    progress: Callable[[int], None] = lambda received: None,
) -> bool:
    """Bring an asset to its place, whole and checked, unless it is there already.

    A download that was cut off is restarted: the files are small. Until the new file is checked,
    what lay in its place stays.

    Args:
        asset: what to bring.
        url: http or https address to bring it from, such as a mirror; None for its own.
        timeout: seconds without a byte after which the download is given up.
        progress: called with the number of bytes received so far.

    Returns:
        Whether it was downloaded; False where the right file was there.

    Raises:
        InputError: the address cannot be reached or gives something else, or the place cannot be
            written.
    """
    if asset.is_fetched():
        return False
    address = url or asset.url
    shown = redact_url(address)
    if not address.startswith(("http://", "https://")):
        raise InputError(f"{shown} is not an http or https address")
    content = _download(address, asset, timeout, progress)
    if complaint := asset.complaint(content):
        raise InputError(f"{shown} {complaint}: nothing was kept; give a mirror with --url")
    with replacing(asset.path()) as partial:
        partial.write_bytes(content)
    return True


def _download(address: str, asset: Asset, timeout: float, progress: Callable[[int], None]) -> bytes:
    """Receive at most one byte more than the asset has: enough to see that it is another file."""
    import urllib.request  # loads the whole of ssl: only a download needs it

    content = bytearray()
    with _explained(address, asset):
        request = urllib.request.Request(address, headers={"User-Agent": "fer-edge"})
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            while chunk := _receive(answer, asset.size + 1 - len(content)):
                content += chunk
                progress(len(content))
    return bytes(content)


def _receive(answer: IO[bytes], most: int) -> bytes:
    return answer.read(min(_CHUNK, most)) if most > 0 else b""


@contextmanager
def _explained(address: str, asset: Asset) -> Iterator[None]:
    """Say in one line why an address gives nothing, and what to do without it."""
    import http.client
    import urllib.error

    try:
        yield
    except urllib.error.HTTPError as error:
        reason = f"the server answers {error.code} {error.reason}"
    except urllib.error.URLError as error:
        reason = getattr(error.reason, "strerror", None) or str(error.reason)
    except http.client.InvalidURL:  # its message may hold a part of a password
        reason = "not a valid address"
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = str(error) or type(error).__name__
    else:
        return
    raise InputError(
        f"{redact_url(address)} cannot be fetched ({reason}): check the network, or bring "
        f"{asset.file} ({asset.size:,} bytes, SHA-256 {asset.sha256}) from elsewhere to "
        f"{asset.path()}, or give it with --detector-model"
    )
