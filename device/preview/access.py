"""Who may see the preview: on this machine everybody, from elsewhere who knows the token."""

import hmac
import ipaddress
from hashlib import sha256
from typing import TYPE_CHECKING

from device.errors import InputError

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.requests import HTTPConnection

COOKIE = "fer_edge"
MIN_TOKEN = 16
"""Shortest token, in characters: one that cannot be guessed by trying."""

_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


def is_local(host: str) -> bool:
    """Say whether an address is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """Decides about requests.

    The token comes in an `Authorization: Bearer` header (Prometheus) or once in the login form,
    which answers with a cookie; it never stands in an address. Compared in constant time.
    The cookie holds a digest of the token: it outlives a restart, and dies with the token.
    """

    def __init__(self, host: str, token: str | None) -> None:
        """Check that the address is fit to be served.

        Args:
            host: the address that is bound.
            token: what viewers have to know; None for everybody on this machine.

        Raises:
            InputError: an address that others reach, without a token; or a token too short.
        """
        if token is None and not is_local(host):
            raise InputError(
                f"--host {host} shows the camera to the network: give a token, with --token-file "
                "FILE or in FER_EDGE_TOKEN (to make one: openssl rand -hex 16)"
            )
        if token is not None and len(token) < MIN_TOKEN:
            raise InputError(
                f"the token has {len(token)} characters: give {MIN_TOKEN} or more, "
                "for instance of openssl rand -hex 16"
            )
        self._token = token
        self.session = hmac.new((token or "").encode(), b"fer-edge viewer", sha256).hexdigest()

    def accepts_token(self, attempt: str) -> bool:
        """Say whether an attempt is the token."""
        return self._token is None or _same(attempt, self._token)

    def authorizes(self, request: "HTTPConnection") -> bool:
        """Say whether a request comes from somebody who has logged in, or needs not to."""
        if self._token is None:
            return _names_this_machine(request.headers)
        scheme, _, attempt = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.accepts_token(attempt.strip())
        return _same(request.cookies.get(COOKIE, ""), self.session)


def same_origin(headers: "Headers") -> bool:
    """Say whether a request that names its origin comes from our own page.

    Browsers let every web page open a WebSocket to every address, this machine's too.
    """
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host")


def _names_this_machine(headers: "Headers") -> bool:
    """Refuse names that a stranger's DNS server points at this machine (DNS rebinding)."""
    host = headers.get("host", "")
    name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    return name in _LOCAL_NAMES or is_local(name)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
