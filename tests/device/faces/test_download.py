"""`fer-edge fetch` against a web server on this machine."""

import hashlib
import http.server
import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from device.errors import InputError
from device.faces import download
from device.system.user_folders import data_folder

CONTENT = bytes(range(256)) * 700
ASSET = download.Asset(
    name="thing",
    file="thing.onnx",
    url="http://127.0.0.1:1/thing.onnx",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    licence="MIT",
)


@dataclass
class Server:
    url: str
    content: bytes = CONTENT
    status: int = 200
    promised: int | None = None  # Content-Length, where it is not the content's
    silent: bool = False
    requests: int = 0


@pytest.fixture
def server():
    """Serves the content that a test sets, on a free port."""
    release = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            state.requests += 1
            if state.silent:
                release.wait()
                return
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", state.url)
                self.end_headers()
                return
            self.send_response(state.status)
            self.send_header("Content-Length", str(state.promised or len(state.content)))
            self.end_headers()
            self.wfile.write(state.content)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        state = Server(f"http://127.0.0.1:{httpd.server_port}/thing.onnx")
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        release.set()
        httpd.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """A separate data folder, and no proxy between the test and its server."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "fer-edge" / "thing"


def files(folder):
    return {file.name for file in folder.iterdir()} if folder.is_dir() else set()


def assert_refused(complaint, url, **options):
    with pytest.raises(InputError, match=complaint) as caught:
        download.fetch(ASSET, url=url, **options)
    assert url in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_is_brought_whole_and_checked(server, folder):
    received = []
    assert download.fetch(ASSET, url=server.url, progress=received.append)
    assert ASSET.path() == folder / "thing.onnx"
    assert ASSET.read() == CONTENT
    assert files(folder) == {"thing.onnx"}
    assert received == sorted(received) and received[-1] == len(CONTENT)


def test_a_file_that_is_there_is_not_brought_again(server):
    download.fetch(ASSET, url=server.url)
    assert not download.fetch(ASSET, url=server.url)
    assert server.requests == 1


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT[:-1] + b"?"])
def test_a_file_that_is_wrong_is_brought_again(server, folder, content):
    folder.mkdir(parents=True)
    ASSET.path().write_bytes(content)
    with pytest.raises(InputError, match="run fer-edge fetch thing again"):
        ASSET.read()
    assert download.fetch(ASSET, url=server.url)
    assert ASSET.read() == CONTENT


def test_a_redirection_is_followed(server):
    assert download.fetch(ASSET, url=server.url.replace("thing.onnx", "moved"))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (CONTENT[:-1] + b"?", "has the SHA-256"),
        (b"<html>login</html>", "has 18 bytes instead of 179,200"),
        (CONTENT + b"x", "has 179,201 bytes instead of"),
    ],
)
def test_another_file_is_refused_and_nothing_is_kept(server, folder, content, complaint):
    server.content = content
    assert_refused(complaint, server.url)
    assert files(folder) == set()


def test_an_endless_file_is_not_read_to_its_end(server):
    server.content = CONTENT * 50
    received = []
    assert_refused("bytes instead of", server.url, progress=received.append)
    assert received[-1] == len(CONTENT) + 1


def test_what_lies_there_stays_until_the_new_file_is_checked(server, folder):
    folder.mkdir(parents=True)
    ASSET.path().write_bytes(b"older")
    server.content = b"wrong"
    assert_refused("has 5 bytes", server.url)
    assert ASSET.path().read_bytes() == b"older" and files(folder) == {"thing.onnx"}


def test_a_download_that_is_cut_off_is_refused_and_can_be_repeated(server, folder):
    server.content, server.promised = CONTENT[:1000], len(CONTENT)
    assert_refused("1,000 bytes instead of|cannot be downloaded", server.url)
    assert files(folder) == set()
    server.content, server.promised = CONTENT, None
    assert download.fetch(ASSET, url=server.url)


def test_without_a_network_it_says_what_to_do_instead(folder):
    assert_refused(
        r"cannot be downloaded \(Connection refused\): check the network, or copy thing.onnx "
        r"\([\d,]+ bytes, SHA-256 [0-9a-f]{64}\) from elsewhere to .*/fer-edge/thing/thing.onnx, "
        r"or give it with --detector-model",
        ASSET.url,
    )
    assert files(folder) == set()


def test_an_unknown_host_is_named():
    assert_refused("cannot be downloaded", "http://host.invalid/thing.onnx")


def test_a_missing_page_is_named(server):
    server.status = 404
    assert_refused("the server answers 404", server.url)


def test_a_server_that_says_nothing_is_given_up(server):
    server.silent = True
    assert_refused("timed out", server.url, timeout=0.2)


@pytest.mark.parametrize("url", ["ftp://host/thing", "file:///etc/passwd", "thing.onnx"])
def test_other_addresses_are_refused(url):
    assert_refused("not an http or https address", url)


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://127.0.0.1:port/"])
def test_addresses_that_are_none_are_refused(url):
    assert_refused("cannot be downloaded", url)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(server, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match=r"cannot be made \(Permission denied\)"):
        download.fetch(ASSET, url=server.url)


def test_a_place_that_is_a_file_is_named(server, tmp_path):
    (tmp_path / "fer-edge").write_text("in the way")
    with pytest.raises(InputError, match="fer-edge"):
        download.fetch(ASSET, url=server.url)


def test_the_data_folder_is_the_users(monkeypatch):
    for value in ("", "relative/folder"):
        monkeypatch.setenv("XDG_DATA_HOME", value)
        assert data_folder() == Path.home() / ".local" / "share" / "fer-edge"


def run(*arguments):
    from fer_edge.cli.app import app

    result = CliRunner().invoke(app, ["fetch", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_brings_the_file_and_says_where(server, monkeypatch):
    monkeypatch.setitem(download.ASSETS, "yunet", replace(ASSET, name="yunet"))
    code, out, err = run("yunet", "--url", server.url)
    assert (code, err) == (0, "")
    assert f"fer-edge{os.sep}yunet{os.sep}thing.onnx: downloaded and verified" in out
    code, out, _ = run("yunet", "--url", server.url)
    assert code == 0 and "already there, verified" in out


def test_the_command_fails_in_one_line(server, monkeypatch):
    server.content = b"wrong"
    code, out, err = run("yunet", "--url", server.url)
    assert (code, out) == (2, "")
    assert "has 5 bytes instead of 232,589" in err and len(err.splitlines()) == 1


def test_the_real_file_passes_the_check(server):
    folder = os.environ.get("FER_EDGE_DATA")
    path = Path(folder or "") / "yunet" / download.YUNET.file
    if folder is None or not path.is_file():
        pytest.skip("FER_EDGE_DATA names no folder with yunet/")
    server.content = path.read_bytes()
    assert download.fetch(download.YUNET, url=server.url)
    assert download.YUNET.is_fetched()


@pytest.mark.parametrize(
    "url",
    ["http://me:S3CRET@127.0.0.1:1/x", "http://me:S3/CRET@127.0.0.1:1/x", "ftp://me:S3CRET@h"],
)
def test_no_error_shows_a_password(url, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(InputError) as raised:
        download.fetch(download.YUNET, url=url)
    assert "S3" not in str(raised.value) and "CRET" not in str(raised.value)
