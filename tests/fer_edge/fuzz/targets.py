"""What reads input from elsewhere, each as a function of bytes that may raise FerEdgeError alone.

Everything but model files, which have tests/device/model/fuzz.py.
"""

import contextlib
import csv
import io
import json
import socket
import threading
import wave
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.gate import rules
from benchmarks.report import markdown
from benchmarks.results import file as results_file
from device.errors import FerEdgeError
from device.image import file as image_file
from device.labels import FER2013
from device.modalities.audio.wave_file import read_wave
from device.modalities.pool import Reliability
from device.modalities.text.source import open_text
from device.modalities.weights import load as load_weights
from device.model import card, prior
from device.sinks.mqtt.address import Address
from device.system import sha256sums
from fer_edge import recipe, zoo
from fer_edge.data import dataset, label_map
from fer_edge.data.prepare import prepare
from fer_edge.data.shards import index as shards_index
from fer_edge.evaluation import document, report
from fer_edge.modalities.text import read as texts
from fer_edge.modalities.text import text_map

TESTS = Path(__file__).parents[2]
KEPT = TESTS / "fer_edge" / "kept"
MAX_SECONDS = 5.0  # of a socket's answer

Target = Callable[[bytes, Path], object]


def _written(content: bytes, folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read_csv(content: bytes, folder: Path) -> None:
    prepare(_written(content, folder, "fer2013.csv"), missing_fraction=0.3)


def read_votes(content: bytes, folder: Path) -> None:
    table = _written(seeds("csv")[0], folder, "fer2013.csv")
    prepare(table, votes=_written(content, folder, "fer2013new.csv"), missing_fraction=0.3)


def read_zip(content: bytes, folder: Path) -> None:
    prepare(_written(content, folder, "faces.zip"), missing_fraction=0.3)


def read_npz(content: bytes, folder: Path) -> None:
    dataset.load(_written(content, folder, "faces.npz"))


def read_image(content: bytes, folder: Path) -> None:
    image_file.read(_written(content, folder, "picture.png"))


def read_recipe(content: bytes, folder: Path) -> None:
    recipe.load(str(_written(content, folder, "own.toml")))


def read_results(content: bytes, folder: Path) -> None:
    markdown.text(results_file.load(_written(content, folder, "results.json")))


def read_rules(content: bytes, folder: Path) -> None:
    rules.load(_written(content, folder, "rules.toml"))


def read_evaluation(content: bytes, folder: Path) -> None:
    report.markdown(document.load(_written(content, folder, "evaluation.json")))


def read_card(content: bytes, folder: Path) -> None:
    _written(content, folder, "model.card.json")
    for read in (card.margin, card.threshold):
        with contextlib.suppress(FerEdgeError):
            read(folder / "model.tflite")


def read_digests(content: bytes, folder: Path) -> None:
    sha256sums.differing(_written(content, folder, sha256sums.NAME))


def read_map(content: bytes, folder: Path) -> None:
    label_map.load(str(_written(content, folder, "own.toml")))


def read_text_map(content: bytes, folder: Path) -> None:
    text_map.load(str(_written(content, folder, "own.toml")))


def read_texts(content: bytes, folder: Path) -> None:
    for ending in (".tsv", ".jsonl"):
        with contextlib.suppress(FerEdgeError):
            texts.read(_written(content, folder, f"texts{ending}"))


def read_subtitles(content: bytes, folder: Path) -> None:
    source = open_text(str(_written(content, folder, "film.srt")))
    source.open()
    source.close()


def read_sound(content: bytes, folder: Path) -> None:
    read_wave(_written(content, folder, "sound.wav"))


def read_shards(content: bytes, folder: Path) -> None:
    _written(b"shard", folder, "train-00000-of-00001.tfrecord")
    _written(b"", folder, shards_index.HELD_OUT)
    shards_index.read(_written(content, folder, shards_index.INDEX).parent)


def read_fusion(content: bytes, folder: Path) -> None:
    load_weights(_written(content, folder, "fusion.toml"), {"face": Reliability(0.5, 1.0, 2.0)})


def read_prior(content: bytes, folder: Path) -> None:
    prior.weights(str(_written(content, folder, "prior.json")), 1.0, zoo.resolve("zoo:nano"))


def parse_mqtt_address(content: bytes, folder: Path) -> None:
    Address.parse(content.decode("utf-8", "replace"))


def receive_mqtt(content: bytes, folder: Path) -> None:
    """What a broker sends, to a client as the sink makes it."""
    from device.sinks.mqtt.client import Credentials, make_client

    with socket.create_server(("127.0.0.1", 0)) as listener:
        broker = threading.Thread(target=_send_and_leave, args=(listener, content))
        broker.start()
        port = listener.getsockname()[1]
        client = make_client(Address.parse(f"mqtt://127.0.0.1:{port}"), Credentials())
        client.connect("127.0.0.1", port)
        for _ in range(100):
            if client.loop(0.05):  # an error code: disconnected
                break
        broker.join()


def _send_and_leave(listener: socket.socket, content: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(MAX_SECONDS)
        with contextlib.suppress(OSError):
            connection.recv(4096)
            connection.sendall(content)


def send_http(port: int, content: bytes) -> None:
    """Send bytes to the preview and read what it answers; then it has to be well."""
    client = socket.create_connection(("127.0.0.1", port), timeout=MAX_SECONDS)
    with client, contextlib.suppress(OSError):
        client.sendall(content)
        client.shutdown(socket.SHUT_WR)
        answer = client.recv(65536)
        assert b"HTTP/1.1 500" not in answer, answer
        while client.recv(65536):
            pass
    with socket.create_connection(("127.0.0.1", port), timeout=MAX_SECONDS) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 "), answer[:80]


@contextlib.contextmanager
def preview() -> Iterator[int]:
    """A preview with a token; gives its port."""
    from device.preview import throttle
    from device.preview.access import Access
    from device.preview.server import bind
    from device.preview.sink import PreviewSink

    before, throttle.DELAY = throttle.DELAY, 0.001
    listener = bind("127.0.0.1", 0)
    sink = PreviewSink(listener, Access("127.0.0.1", "0123456789abcdef"), source="camera")
    try:
        yield listener.getsockname()[1]
    finally:
        sink.close()
        throttle.DELAY = before


TARGETS: dict[str, Target] = {
    "csv": read_csv,
    "votes": read_votes,
    "zip": read_zip,
    "npz": read_npz,
    "image": read_image,
    "recipe": read_recipe,
    "results": read_results,
    "rules": read_rules,
    "evaluation": read_evaluation,
    "card": read_card,
    "digests": read_digests,
    "map": read_map,
    "text-map": read_text_map,
    "texts": read_texts,
    "subtitles": read_subtitles,
    "sound": read_sound,
    "shards": read_shards,
    "fusion": read_fusion,
    "prior": read_prior,
    "mqtt-address": parse_mqtt_address,
    "mqtt-packets": receive_mqtt,
}
"""By name; `http` is beside them, since its server is started once."""


def seeds(name: str) -> list[bytes]:
    """Inputs that are valid, to be changed."""
    return _SEEDS[name]()


def _faces() -> Iterator[tuple[int, np.ndarray]]:
    draw = np.random.default_rng(0)
    for index in range(21):
        yield index % 7, draw.integers(0, 256, (48, 48), np.uint8)


def _csv() -> list[bytes]:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("emotion", "pixels", "Usage"))
    usages = ("Training", "PublicTest", "PrivateTest")
    for index, (label, face) in enumerate(_faces()):
        rows.writerow((label, " ".join(map(str, face.ravel())), usages[index // 7]))
    return [text.getvalue().encode()]


def _votes() -> list[bytes]:
    head = (
        "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    )
    usages = ("Training", "PublicTest", "PrivateTest")
    lines = [f"{usages[i // 7]},fer{i:07}.png,1,2,0,3,4,0,0,0,0,0" for i in range(21)]
    return ["\n".join([head, *lines, ""]).encode()]


def _pictures() -> list[bytes]:
    image = np.random.default_rng(1).integers(0, 256, (16, 24, 3), np.uint8)
    endings = (".png", ".jpg", ".bmp", ".webp", ".tiff", ".ppm")
    return [cv2.imencode(ending, image)[1].tobytes() for ending in endings]


def _zip() -> list[bytes]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, (label, face) in enumerate(_faces()):
            name = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")[label]
            archive.writestr(f"train/{name}/{index}.png", cv2.imencode(".png", face)[1].tobytes())
    table = io.BytesIO()
    with zipfile.ZipFile(table, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fer2013.csv", _csv()[0])
    return [packed.getvalue(), table.getvalue()]


def _http() -> list[bytes]:
    here = b"Host: localhost\r\nOrigin: http://localhost\r\n"
    bearer, login = b"Authorization: Bearer 0123456789abcdef\r\n", b"token=0123456789abcdef"
    return [
        b"GET / HTTP/1.1\r\nConnection: close\r\n" + here + b"\r\n",
        b"GET /metrics HTTP/1.1\r\n" + here + bearer + b"\r\n",
        b"POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        + here
        + b"Content-Length: %d\r\n\r\n%s" % (len(login), login),
        b"GET /live HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + here
        + bearer
        + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        + b"\x81\x84\x00\x00\x00\x00next",
    ]


def _files(folder: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((TESTS.parent / folder).glob("*.toml"))]


def _word(number: int) -> bytes:
    return (b"happy", b"sad", b"angry")[number % 3]


def _sounds() -> list[bytes]:
    found = []
    for channels, width in ((1, 2), (2, 1), (1, 4)):
        content = io.BytesIO()
        with wave.open(content, "wb") as sound:
            sound.setnchannels(channels)
            sound.setsampwidth(width)
            sound.setframerate(16_000)
            sound.writeframes(np.random.default_rng(2).bytes(1600 * channels * width))
        found.append(content.getvalue())
    return found


def _shards() -> list[bytes]:
    shard = shards_index.Shard(
        name="train-00000-of-00001.tfrecord", leaked=False, images=1, size=5, sha256="0" * 64
    )
    return [
        shards_index.Index(
            digest="0" * 64,
            label_names=("happy", "sad"),
            labeled=True,
            voted=False,
            leaks="exact",
            counts={"train": {"happy": 1}},
            provenance={"name": "faces"},
            shards=(shard,),
        )
        .model_dump_json()
        .encode()
    ]


_ACCEPTED = b"\x20\x02\x00\x00"  # CONNACK of MQTT 3.1.1
_PUBLISHED = b"\x32\x0b\x00\x03a/b\x00\x01text"

_SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "csv": _csv,
    "votes": _votes,
    "zip": _zip,
    "npz": lambda: [(KEPT / "0.1" / "faces.npz").read_bytes()],
    "image": _pictures,
    "recipe": lambda: [path.read_bytes() for path in sorted((KEPT / "0.1").glob("*.toml"))],
    "results": lambda: [
        path.read_bytes() for path in sorted((TESTS / "benchmarks" / "data").glob("results-*.json"))
    ],
    "rules": lambda: [(TESTS / "benchmarks" / "data" / "rules-0.1.toml").read_bytes()],
    "evaluation": lambda: [(KEPT / "0.2" / "evaluation.json").read_bytes()],
    "card": lambda: [
        json.dumps({"input": {"margin": 0.1}, "decision": {"threshold": 0.4}}).encode(),
        (KEPT / "0.1" / "fer2013_int8.card.json").read_bytes(),
    ],
    "digests": lambda: [b"%064d  model.card.json\n" % 0],
    "map": lambda: _files("fer_edge/data/maps"),
    "text-map": lambda: _files("fer_edge/modalities/text/maps"),
    "texts": lambda: [
        b"text\tlabel\n" + b"".join(b"some words %d\t%s\n" % (i, _word(i)) for i in range(60)),
        b"".join(b'{"text": "words %d", "label": "%s"}\n' % (i, _word(i)) for i in range(60)),
    ],
    "subtitles": lambda: [
        b"1\n00:00:01,500 --> 00:00:03,000\nSome <i>words</i>\n\n"
        b"2\n00:01:00,0 --> 00:01:01,0\nMore\n",
        b"WEBVTT\n\n01:02.345 --> 01:03.000 align:start\nSome words\n",
    ],
    "sound": _sounds,
    "shards": _shards,
    "fusion": lambda: [b"[face]\nweight = 0.6\n[text]\ntemperature = 1.5\nmax_age = 4\n"],
    "prior": lambda: [json.dumps(dict.fromkeys(FER2013, 1 / len(FER2013))).encode()],
    "mqtt-address": lambda: [
        b"mqtt://user@broker.local:1883/kitchen/left",
        b"mqtts://[::1]:8883/a",
    ],
    "mqtt-packets": lambda: [_ACCEPTED, _ACCEPTED + _PUBLISHED + b"\x40\x02\x00\x01\xd0\x00"],
    "http": _http,
}
