"""Access control of the preview, and its addresses for programs."""

import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError

pytest.importorskip("starlette", reason="the extra serve is not installed")

from device.preview.access import Access, is_local
from device.preview.server import bind

TOKEN = "correct horse battery staple"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.10"])
def test_this_machine_needs_no_token(host):
    assert is_local(host)
    Access(host, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "pi.local"])
def test_another_address_needs_a_token(host):
    with pytest.raises(InputError, match="--token-file"):
        Access(host, None)
    Access(host, TOKEN)


def test_a_token_that_can_be_guessed_is_refused():
    with pytest.raises(InputError, match="5 characters"):
        Access("0.0.0.0", "12345")


@given(st.text())
def test_only_the_token_is_the_token(attempt):
    assert Access("0.0.0.0", TOKEN).accepts_token(attempt) == (attempt == TOKEN)


def test_without_the_token_there_is_only_the_login_page(start_preview):
    preview = start_preview(token=TOKEN)
    status, _, text = preview.request("/")
    assert status == 401
    assert 'name="token"' in text and "canvas" not in text
    assert preview.request("/metrics")[0] == 401
    assert preview.request("/healthz")[0] in (200, 503)


@pytest.mark.parametrize("body", ["token=wrong", "", "token", "%ff=%ff", "token=" + "a" * 100_000])
def test_a_wrong_login_gives_no_cookie(start_preview, body):
    preview = start_preview(token=TOKEN)
    status, headers, text = preview.request("/login", method="POST", body=body, **FORM)
    assert status == 401
    assert "set-cookie" not in headers
    assert 'data-wrong="yes"' in text


def test_the_right_login_gives_a_cookie_without_the_token(start_preview):
    preview = start_preview(token=TOKEN)
    body = "token=" + TOKEN.replace(" ", "+")
    status, headers, _ = preview.request("/login", method="POST", body=body, **FORM)
    assert (status, headers["location"]) == (303, "/")
    cookie, *attributes = headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=strict"} <= set(attributes)
    assert TOKEN not in cookie
    assert preview.request("/", Cookie=cookie)[0] == 200
    assert preview.request("/", Cookie=cookie[:-1])[0] == 401


def test_a_token_in_the_address_is_not_looked_at(start_preview):
    preview = start_preview(token=TOKEN)
    assert preview.request("/?token=" + TOKEN.replace(" ", "+"))[0] == 401
    assert preview.request("/login?token=" + TOKEN.replace(" ", "+"))[0] == 405


def test_a_login_from_another_web_page_is_refused(start_preview):
    preview = start_preview(token=TOKEN)
    headers = {**FORM, "Origin": "http://elsewhere.example"}
    body = "token=" + TOKEN.replace(" ", "+")
    assert preview.request("/login", method="POST", body=body, **headers)[0] == 403


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        ("Bearer no", 401),
        (f"Basic {TOKEN}", 401),
        ("Bearer \xff", 401),
    ],
)
def test_metrics_take_the_token_as_a_bearer(start_preview, authorization, status):
    preview = start_preview(token=TOKEN)
    assert preview.request("/metrics", Authorization=authorization)[0] == status


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:1", 200), ("127.0.0.1", 200), ("[::1]:80", 200), ("evil.example", 401)],
)
def test_a_name_that_strangers_point_at_this_machine_is_refused(start_preview, host, status):
    assert start_preview().request("/", Host=host)[0] == status


def test_health_follows_the_frames(start_preview):
    preview = start_preview()
    preview.feed()
    status, _, text = preview.request("/healthz")
    assert status == 200 and json.loads(text)["status"] == "ok"
    preview.sink.hub.statistics._last -= 60
    status, _, text = preview.request("/healthz")
    assert status == 503 and json.loads(text)["status"] == "stale"


def test_metrics_count_frames_and_viewers(start_preview):
    preview = start_preview()
    preview.feed(7)
    status, headers, text = preview.request("/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    assert "\nfer_edge_frames_total 7.0\n" in text
    assert "\nfer_edge_viewers 0.0\n" in text


def test_pages_load_nothing_from_elsewhere_and_run_their_own_script_alone(start_preview):
    _, headers, text = start_preview().request("/")
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "http://" not in text and "https://" not in text.replace('https:"', "")


def test_a_second_instance_on_the_port_is_told_so():
    first = bind("127.0.0.1", 0)
    port = first.getsockname()[1]
    with first, pytest.raises(InputError, match=f"port {port} of 127.0.0.1 is in use"):
        bind("127.0.0.1", port)


def test_an_address_of_another_machine_cannot_be_served():
    with pytest.raises(InputError, match="not an address of this machine"):
        bind("192.0.2.1", 8080)
    with pytest.raises(InputError, match="is not an address"):
        bind("no such name", 8080)


def test_a_port_is_free_again_at_once(start_preview):
    preview = start_preview()
    preview.request("/")
    preview.sink.close()
    with bind("127.0.0.1", preview.port) as listener:
        assert isinstance(listener, socket.socket)
