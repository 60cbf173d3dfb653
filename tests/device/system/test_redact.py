"""Addresses are shown without their secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.system.redact import holds_secret, redact_url


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://cam.local:554/live", "rtsp://cam.local:554/live"),
        ("http://u:P@ss@host/a", "http://host/a"),
        ("rtsp://u:pa/ss@host/a", "rtsp://host/a"),
        ("rtsp://u:pa?ss@host/a", "rtsp://host/a"),
        ("rtsp://u:pa#ss@host/a", "rtsp://host/a"),
        ("rtsp://user@domain:secret@cam", "rtsp://cam"),
        ("rtsp://cam/user=admin&password=X&channel=1", "rtsp://cam/user=admin&password=***"),
        (
            "rtsp://cam/user=admin_password=X_stream=0.sdp?real",
            "rtsp://cam/user=admin_password=***",
        ),
        ("rtsp://cam/live;Token=X", "rtsp://cam/live;Token=***"),
        ("http://cam/snap.jpg?pwd=X#y", "http://cam/snap.jpg"),
        ("srt://host:90?passphrase=X", "srt://host:90"),
        ("rtsp:/u:secret@cam", "rtsp:/cam"),
        ("admin:secret@cam/live", "cam/live"),
        ("rtsp://[fe80::1]:554/live", "rtsp://[fe80::1]:554/live"),
    ],
)
def test_nothing_secret_is_shown(address, shown):
    assert redact_url(address) == shown


SECRET = "S3CRET"
anything = st.text(alphabet="ab:/?#&=;@%._-+", max_size=8)


@given(before=anything, after=anything, path=st.text(alphabet="ab/._-", max_size=8))
def test_a_password_of_any_characters_is_never_shown(before, after, path):
    address = f"rtsp://user:{before}{SECRET}{after}@camera/{path}"
    assert SECRET not in redact_url(address)
    assert holds_secret(address)


@given(
    name=st.sampled_from(["password", "passwd", "pwd", "token", "key", "secret", "auth"]),
    after=anything,
)
def test_a_parameter_that_names_a_secret_never_shows_its_value(name, after):
    address = f"rtsp://camera/live&{name}={SECRET}{after}"
    assert SECRET not in redact_url(address)
    assert holds_secret(address)


@pytest.mark.parametrize("address", ["rtsp://user@cam/live", "/dev/video0", "a@b:c.mp4", "-"])
def test_what_holds_no_secret_is_not_taken_for_one(address):
    assert not holds_secret(address)
