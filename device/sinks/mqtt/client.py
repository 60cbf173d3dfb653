"""The connection to a broker: login, TLS, and one-line reasons for failures."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from device.errors import InputError
from device.sinks.mqtt.address import Address

QOS = 1
"""At least once: a message counts as delivered after the broker has acknowledged it."""

_MAX_RECONNECT_DELAY = 30  # seconds


@dataclass(frozen=True)
class Credentials:
    """Passwords and certificates of a connection.

    Attributes:
        password: password of the address's user.
        ca: PEM file of the authority that signed the broker's certificate; None for the system's
            authorities.
        certificate: PEM file of this machine's certificate, if the broker requires one.
        key: PEM file of its private key; None if `certificate` contains it.
        key_password: password of the key.
    """

    password: str | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    key_password: str | None = None


def make_client(address: Address, credentials: Credentials) -> mqtt.Client:
    """Create a client that is not connected yet.

    Raises:
        InputError: a file for TLS is missing, unreadable or invalid.
    """
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.reconnect_delay_set(1, _MAX_RECONNECT_DELAY)
    if address.user is not None:
        client.username_pw_set(address.user, credentials.password)
    if address.tls:
        client.tls_set_context(_tls_context(credentials))
    elif credentials.ca or credentials.certificate or credentials.key:
        raise InputError("--mqtt-ca, --mqtt-cert and --mqtt-key need TLS: give mqtts://")
    return client


def _tls_context(credentials: Credentials) -> ssl.SSLContext:
    ca, certificate, key = credentials.ca, credentials.certificate, credentials.key
    if key and not certificate:
        raise InputError("--mqtt-key needs the certificate that it belongs to: --mqtt-cert FILE")
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise InputError(f"--mqtt-ca {ca}: {_reason(error, 'a PEM certificate')}") from error
    if certificate:
        try:
            # Never None: OpenSSL would prompt on the terminal for the key's password.
            context.load_cert_chain(certificate, key, credentials.key_password or "")
        except OSError as error:
            named = f"--mqtt-cert {certificate}" + (f" --mqtt-key {key}" if key else "")
            expected = (
                "a PEM certificate with its key, or the key's password is not in "
                "FER_EDGE_MQTT_KEY_PASSWORD"
            )
            raise InputError(f"{named}: {_reason(error, expected)}") from error
    return context


def _reason(error: OSError, expected: str) -> str:
    if isinstance(error, ssl.SSLError):
        return f"not {expected}"
    return f"cannot be read ({error.strerror or error})"


def explain_failure(error: BaseException | None) -> str:
    """Describe why a connection could not be made.

    Args:
        error: exception raised by the attempt.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the broker's certificate is not accepted ({error.verify_message}); for your own "
            "authority give --mqtt-ca FILE"
        )
    if isinstance(error, TimeoutError):
        return "no response: is it the right port, with TLS (mqtts://) or without (mqtt://)?"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection ({error}): is this the port for TLS?"
    return f"cannot be reached ({getattr(error, 'strerror', None) or error})"


def explain_refusal(reason: ReasonCode, address: Address) -> str:
    """Describe why the broker refused a login."""
    if reason in ("Not authorized", "Bad user name or password"):
        advice = (
            "check the user and FER_EDGE_MQTT_PASSWORD"
            if address.user
            else "give a user: mqtt://USER@HOST, with FER_EDGE_MQTT_PASSWORD"
        )
        return f"refuses the connection ({reason}): {advice}"
    return f"refuses the connection ({reason})"


def explain_disconnect(reason: ReasonCode, address: Address, credentials: Credentials) -> str:
    """Describe why the broker closed a connection before it accepted the login."""
    if address.tls and credentials.certificate is None:
        return f"closes the connection ({reason}): does it require a certificate (--mqtt-cert)?"
    return f"closes the connection ({reason})"
