"""Removes secrets from addresses for logs, results and error messages."""

import re

_SECRET = re.compile(
    r"(pass|pwd|\bpw\b|token|secret|key|auth|sig|cred|session|pin\b)[^=&;/?]*=", re.IGNORECASE
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/+", re.IGNORECASE)


def redact_url(address: str) -> str:
    """Remove potential secrets from an address: user, password, query and secret parameters.

    A password may contain any character, including `@`, `/`, `?` and `#`, which cameras and FFmpeg
    do not always require to be escaped. Everything up to the last `@` is therefore removed, and the
    path is cut off before the value of the first parameter with the name of a secret.

    Args:
        address: URL, possibly malformed.

    Returns:
        The address without its secrets; text without secrets is returned unchanged.
    """
    scheme = _SCHEME.match(address)
    start = scheme.end() if scheme else 0
    rest = address[start:].rpartition("@")[2]
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    if parameter := _SECRET.search(rest):
        rest = rest[: parameter.end()] + "***"
    return address[:start] + rest


def holds_secret(address: str) -> bool:
    """Whether a URL contains a password or another secret, so that it must not be shown."""
    scheme = re.match(r"[a-z][a-z0-9+.-]*://", address, re.IGNORECASE)
    if scheme is None:
        return False
    rest = address[scheme.end() :]
    user = rest.rpartition("@")[0]
    return ":" in user or _SECRET.search(rest) is not None
