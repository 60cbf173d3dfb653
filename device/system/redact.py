"""Addresses without their secrets, for logs, results and error messages."""

import re

_SECRET = re.compile(
    r"(pass|pwd|\bpw\b|token|secret|key|auth|sig|cred|session|pin\b)[^=&;/?]*=", re.IGNORECASE
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/+", re.IGNORECASE)


def redact_url(address: str) -> str:
    """Remove what may be secret from an address: user, password, query and secret parameters.

    A password may hold any character, also `@`, `/`, `?` and `#`, which cameras and FFmpeg do not
    always insist on escaping. So all up to the last `@` is dropped, and the path ends before the
    value of the first parameter whose name says that it is secret.

    Args:
        address: a URL, or what was meant to be one.

    Returns:
        The address without its secrets; text that holds none comes back as it is.
    """
    scheme = _SCHEME.match(address)
    start = scheme.end() if scheme else 0
    rest = address[start:].rpartition("@")[2]
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    if parameter := _SECRET.search(rest):
        rest = rest[: parameter.end()] + "***"
    return address[:start] + rest


def holds_secret(address: str) -> bool:
    """Tell whether a URL names a password or another secret: whether it must not be shown."""
    scheme = re.match(r"[a-z][a-z0-9+.-]*://", address, re.IGNORECASE)
    if scheme is None:
        return False
    rest = address[scheme.end() :]
    user = rest.rpartition("@")[0]
    return ":" in user or _SECRET.search(rest) is not None
