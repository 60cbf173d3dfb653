"""The address to publish to: `mqtt://[USER@]HOST[:PORT][/TOPIC]`."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from device.errors import InputError

_FORM = "give mqtt://[USER@]HOST[:PORT][/TOPIC], or mqtts:// for TLS"
_LONGEST_TOPIC = 200  # characters; MQTT allows 65,535 bytes, Home Assistant shows it as a name


@dataclass(frozen=True)
class Address:
    """Broker, user and topic to publish to.

    Attributes:
        host: name or address of the broker.
        port: 1883 by default, 8883 with TLS.
        tls: whether the connection is encrypted and the broker's certificate checked.
        user: user name for the login; None for an anonymous connection.
        topic: first part of the topics, and the name of the device.
    """

    host: str
    port: int
    tls: bool
    user: str | None
    topic: str

    def __str__(self) -> str:
        """Return the address without the user, for logs."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{host}:{self.port}/{self.topic}"

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Parse an address; error messages contain no part of it that could be a password.

        Raises:
            InputError: the address is not valid, or contains a password.
        """
        scheme, separator, rest = url.partition("://")
        if scheme.lower() not in ("mqtt", "mqtts") or not separator:
            raise InputError(f"--mqtt: not the address of a broker: {_FORM}")
        if ":" in rest.rpartition("@")[0]:
            raise InputError(
                "--mqtt: a password in the address can be read by every user of this machine; "
                "set the environment variable FER_EDGE_MQTT_PASSWORD instead"
            )
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
            host.encode("idna")  # needed to resolve it; would otherwise fail in paho's thread
        except (ValueError, UnicodeError) as error:
            raise InputError(f"--mqtt: not a valid host or port: {_FORM}") from error
        if not host or not host.isprintable():
            raise InputError(f"--mqtt: not the address of a broker: {_FORM}")
        topic = unquote(parts.path).strip("/") or "fer-edge"
        if not re.fullmatch(r"[\w\-./ ]+", topic) or parts.query or parts.fragment:
            raise InputError(
                f"--mqtt: a topic may only contain letters, digits and - _ . /; {_FORM}"
            )
        if len(topic) > _LONGEST_TOPIC:
            raise InputError(f"--mqtt: a topic has at most {_LONGEST_TOPIC} characters")
        tls = scheme.lower() == "mqtts"
        user = unquote(parts.username) if parts.username else None
        return cls(host, port or (8883 if tls else 1883), tls, user, topic)
