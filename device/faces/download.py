"""Detector files that do not ship with fer-edge: downloaded once and verified on every use."""

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
        name: name in `fer-edge fetch`.
        file: file name.
        url: address of the file.
        size: size in bytes.
        sha256: SHA-256 digest, hexadecimal.
        licence: SPDX identifier of the license.
    """

    name: str
    file: str
    url: str
    size: int
    sha256: str
    licence: str

    def path(self) -> Path:
        """Path of the downloaded file."""
        return data_folder() / self.name / self.file

    def complaint(self, content: bytes) -> str | None:
        """Describe the difference of a content from this file; None if it is identical."""
        if len(content) != self.size:
            return f"has {len(content):,} bytes instead of {self.size:,}"
        digest = hashlib.sha256(content).hexdigest()
        if digest != self.sha256:
            return f"has the SHA-256 {digest[:12]}… instead of {self.sha256[:12]}…"
        return None

    def read(self) -> bytes:
        """Read the downloaded file and verify it.

        Raises:
            InputError: the file is missing, cannot be read, or has another content.
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
        """Whether the file is there with the right content."""
        try:
            self.read()
        except InputError:
            return False
        return True


YUNET = Asset(
    name="yunet",
    file="face_detection_yunet_2023mar.onnx",
    # The repository keeps the file in Git LFS: this host serves the content instead of the pointer.
    url=(
        "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/"
        "face_detection_yunet/face_detection_yunet_2023mar.onnx"
    ),
    size=232_589,
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    licence="MIT",
)

ASSETS = {asset.name: asset for asset in (YUNET,)}
"""All files that can be downloaded, by name."""


def fetch(
    asset: Asset,
    *,
    url: str | None = None,
    timeout: float = _TIMEOUT,
    progress: Callable[[int], None] = lambda received: None,
) -> bool:
    """Download and verify an asset, unless it is already there.

    An interrupted download restarts, as the files are small. An existing file is only replaced
    after the new one is verified.

    Args:
        asset: file to download.
        url: http or https address to download from, such as a mirror; None for the asset's own.
        timeout: seconds without data after which the download is aborted.
        progress: called with the number of bytes received so far.

    Returns:
        Whether the file was downloaded; False if it was already there.

    Raises:
        InputError: the address cannot be reached or has another content, or the file cannot be
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
    """Receive at most one byte more than the asset's size, to detect a larger file."""
    import urllib.request  # imports all of ssl, which only a download needs

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
    """Turn a failed download into an error of one line that names an alternative."""
    import http.client
    import urllib.error

    try:
        yield
    except urllib.error.HTTPError as error:
        reason = f"the server answers {error.code} {error.reason}"
    except urllib.error.URLError as error:
        reason = getattr(error.reason, "strerror", None) or str(error.reason)
    except http.client.InvalidURL:  # its message may contain part of a password
        reason = "not a valid address"
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = str(error) or type(error).__name__
    else:
        return
    raise InputError(
        f"{redact_url(address)} cannot be downloaded ({reason}): check the network, or copy "
        f"{asset.file} ({asset.size:,} bytes, SHA-256 {asset.sha256}) from elsewhere to "
        f"{asset.path()}, or give it with --detector-model"
    )
