"""Where to publish: `mqtt://[USER@]HOST[:PORT][/TOPIC]`."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from device.errors import InputError

_FORM = "give mqtt://[USER@]HOST[:PORT][/TOPIC], or mqtts:// for TLS"
_LONGEST_TOPIC = 200  # characters; MQTT takes 65,535 bytes, Home Assistant shows it as a name


@dataclass(frozen=True)
class Address:
    """Where to publish.

    Attributes:
        host: name or address of the broker.
        port: 1883 by default, 8883 with TLS.
        tls: whether the connection is encrypted and the broker's certificate checked.
        user: user name to log in with; None for an anonymous connection.
        topic: first part of the topics, and the name of the device.
    """

    host: str
    port: int
    tls: bool
    user: str | None
    topic: str

    def __str__(self) -> str:
        """Give the address without the user, for logs."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{host}:{self.port}/{self.topic}"

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read an address; messages of errors show none of it that could be a password.

        Raises:
            InputError: it is no such address, or holds a password.
        """
        scheme, separator, rest = url.partition("://")
        if scheme.lower() not in ("mqtt", "mqtts") or not separator:
            raise InputError(f"--mqtt: not the address of a broker: {_FORM}")
        if ":" in rest.rpartition("@")[0]:
            raise InputError(
                "--mqtt: a password in the address can be read by every user of this machine; "
                "put it into the environment variable FER_EDGE_MQTT_PASSWORD"
            )
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
            host.encode("idna")  # what a resolver needs; it fails in paho's thread otherwise
        except (ValueError, UnicodeError) as error:
            raise InputError(f"--mqtt: not a valid host or port: {_FORM}") from error
        if not host or not host.isprintable():
            raise InputError(f"--mqtt: not the address of a broker: {_FORM}")
        topic = unquote(parts.path).strip("/") or "fer-edge"
        if not re.fullmatch(r"[\w\-./ ]+", topic) or parts.query or parts.fragment:
            raise InputError(f"--mqtt: a topic may have letters, digits and - _ . / only; {_FORM}")
        if len(topic) > _LONGEST_TOPIC:
            raise InputError(f"--mqtt: a topic has {_LONGEST_TOPIC} characters at most")
        tls = scheme.lower() == "mqtts"
        user = unquote(parts.username) if parts.username else None
        return cls(host, port or (8883 if tls else 1883), tls, user, topic)
