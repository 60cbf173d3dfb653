"""Access control of the preview: any user of this machine, or with a token from elsewhere."""

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
"""Minimum length of the token in characters."""

_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


def is_local(host: str) -> bool:
    """Whether an address is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """Authorizes requests.

    The token is sent in an `Authorization: Bearer` header (Prometheus) or once in the login form,
    whose response sets a cookie; it is never part of a URL, and is compared in constant time. The
    cookie holds a digest of the token: it remains valid after a restart and ends with a new token.
    """

    def __init__(self, host: str, token: str | None) -> None:
        """Check the address and the token.

        Args:
            host: address to listen on.
            token: token of the viewers; None to allow any user of this machine.

        Raises:
            InputError: others can reach the address and there is no token, or it is too short.
        """
        if token is None and not is_local(host):
            raise InputError(
                f"--host {host} shows the camera to the network: give a token, with --token-file "
                "FILE or in FER_EDGE_TOKEN (to make one: openssl rand -hex 16)"
            )
        if token is not None and len(token) < MIN_TOKEN:
            raise InputError(
                f"the token has {len(token)} characters: give {MIN_TOKEN} or more, "
                "for example from openssl rand -hex 16"
            )
        self._token = token
        self.session = hmac.new((token or "").encode(), b"fer-edge viewer", sha256).hexdigest()

    def accepts_token(self, attempt: str) -> bool:
        """Whether an attempt is the token."""
        return self._token is None or _same(attempt, self._token)

    def authorizes(self, request: "HTTPConnection") -> bool:
        """Whether a request is logged in or needs no login."""
        if self._token is None:
            return _names_this_machine(request.headers)
        scheme, _, attempt = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.accepts_token(attempt.strip())
        return _same(request.cookies.get(COOKIE, ""), self.session)


def same_origin(headers: "Headers") -> bool:
    """Whether a request with an origin comes from the preview's own page.

    Browsers let every web page open a WebSocket to any address, including this machine's.
    """
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host")


def _names_this_machine(headers: "Headers") -> bool:
    """Whether the host name is this machine's; prevents DNS rebinding."""
    host = headers.get("host", "")
    name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    return name in _LOCAL_NAMES or is_local(name)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
