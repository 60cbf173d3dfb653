"""The preview's page in a real Chromium."""

import json

import pytest

PICTURE = "document.getElementById('view').toDataURL('image/png')"
WIDEST = "[...document.querySelectorAll('#faces .bar')].findIndex(r => r.className.includes('top'))"
TOKEN = "correct horse battery staple"


def wait_for_picture(page):
    page.wait_for("document.querySelectorAll('#faces .bar').length == 7")


def wait_for_change(page, script):
    first = page.evaluate(script)
    page.wait_for(f"({script}) !== {json.dumps(first)}")


@pytest.fixture
def page(start_preview, feeding, new_page):
    preview = start_preview()
    feeding(preview)
    page = new_page()
    page.open(preview.address)
    return page


def test_the_picture_moves_and_the_bars_change(page):
    wait_for_picture(page)
    wait_for_change(page, PICTURE)
    wait_for_change(page, WIDEST)
    assert page.complaints == []


def test_the_figures_are_shown(page):
    page.wait_for("parseFloat(document.getElementById('fps').textContent) > 0")
    assert page.evaluate("document.getElementById('status').textContent") == "live"
    assert page.evaluate("document.getElementById('source').textContent") == "camera"
    assert page.evaluate("document.getElementById('dropped').textContent") == "3"
    stages = page.evaluate("[...document.querySelectorAll('#stages .bar')].map(r => r.innerText)")
    assert [stage.split()[0] for stage in stages] == ["read", "detect", "classify", "track"]
    assert page.evaluate("document.querySelectorAll('#legend span').length") == 7
    assert page.complaints == []


@pytest.mark.parametrize("width", [360, 820, 1400])
def test_nothing_is_wider_than_the_screen(page, width):
    page.resize(width, 800)
    wait_for_picture(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_camera_that_stands_still_is_named(start_preview, new_page):
    preview = start_preview()
    preview.feed()
    page = new_page()
    page.open(preview.address)
    page.wait_for("document.getElementById('status').textContent.startsWith('no picture for')")
    preview.feed()
    page.wait_for("document.getElementById('status').textContent == 'live'")


def test_names_of_sources_are_text_and_never_run(start_preview, feeding, new_page):
    name = "<img src=x onerror=\"document.title='run'\">"
    preview = start_preview(source=name)
    feeding(preview)
    page = new_page()
    page.open(preview.address)
    wait_for_picture(page)
    assert page.evaluate("document.getElementById('source').textContent") == name
    assert page.evaluate("document.title") == "fer-edge"


def test_without_frames_boxes_and_bars_are_still_shown(start_preview, feeding, new_page):
    preview = start_preview(frames=False)
    feeding(preview)
    page = new_page()
    page.open(preview.address)
    wait_for_picture(page)
    wait_for_change(page, WIDEST)
    assert preview.sink.hub.encoded == 0
    assert page.complaints == []


def test_a_viewer_logs_in_once(start_preview, feeding, new_page):
    preview = start_preview(token=TOKEN)
    feeding(preview)
    page = new_page()
    page.open(preview.address)
    submit = "document.getElementById('token').value = '{}'; document.forms[0].submit()"
    page.wait_for("!!document.getElementById('token')")
    page.evaluate(submit.format("a wrong one, but long enough"))
    page.wait_for("document.documentElement.dataset.wrong == 'yes'")
    page.evaluate(submit.format(TOKEN))
    wait_for_picture(page)
    assert TOKEN not in page.evaluate("location.href + document.cookie")
    page.open(preview.address)
    wait_for_picture(page)


def test_a_page_comes_back_after_a_restart(start_preview, feeding, new_page):
    from device.preview.access import Access
    from device.preview.server import bind
    from device.preview.sink import PreviewSink

    preview = start_preview()
    feeding(preview)
    page = new_page()
    page.open(preview.address)
    wait_for_picture(page)
    preview.sink.close()
    page.wait_for("document.getElementById('status').textContent == 'connection lost'")
    listener = bind("127.0.0.1", preview.port)
    preview.sink = PreviewSink(listener, Access("127.0.0.1", None), source="again")
    try:
        page.wait_for("document.getElementById('source').textContent == 'again'")
    finally:
        preview.sink.close()
