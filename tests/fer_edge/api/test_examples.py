"""The programs in examples/ run without changes."""

import runpy
import socket
import subprocess
import threading
import time
from pathlib import Path
from shutil import which

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from fer_edge.data import synthetic

EXAMPLES = Path(__file__).parents[3] / "examples"


def main_of(name: str):
    return runpy.run_path(str(EXAMPLES / name))["main"]


def test_every_example_is_tested_here() -> None:
    tested = Path(__file__).read_text()
    programs = sorted(EXAMPLES.glob("*.py"))
    assert len(programs) == 5
    assert all(f'"{path.name}"' in tested for path in programs)


def test_predict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "portrait.png"
    cv2.imwrite(str(picture), astronaut()[:, :, ::-1])
    main_of("predict.py")([str(picture)])
    assert f"{picture}: happiness" in capsys.readouterr().out


def test_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main_of("compare.py")(None, 2, str(tmp_path / "bench"))
    first, second = capsys.readouterr().out.splitlines()[-2:]
    assert "nano" in first and "small" in second and "p50" in first
    assert (tmp_path / "bench" / "results.json").is_file()


@pytest.mark.skipif(which("mosquitto") is None, reason="no mosquitto")
def test_camera_to_mqtt(tmp_path: Path) -> None:
    paho = pytest.importorskip("paho.mqtt.client")
    from paho.mqtt.enums import CallbackAPIVersion

    cv2.imwrite(str(tmp_path / "portrait.png"), astronaut()[:, :, ::-1])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    broker = subprocess.Popen(
        ["mosquitto", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    arrived, heard = threading.Event(), []

    def keep(client, data, message) -> None:
        heard.append(message.payload)
        arrived.set()

    try:
        listener = paho.Client(CallbackAPIVersion.VERSION2)
        listener.on_message = keep
        connect(listener, port)
        listener.subscribe("fer-edge/example", qos=1)
        listener.loop_start()
        main_of("camera_to_mqtt.py")(str(tmp_path / "portrait.png"), "127.0.0.1", port)
        assert arrived.wait(timeout=30)
        listener.loop_stop()
    finally:
        broker.terminate()
        broker.wait()
    assert b'"label": "happiness"' in heard[0]


def connect(client, port: int) -> None:
    """Connect as soon as the broker listens."""
    deadline = time.monotonic() + 30
    while True:
        try:
            client.connect("127.0.0.1", port)
            return
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.02)


@pytest.mark.slow
def test_fine_tune(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faces = synthetic.generate(24, seed=3)
    for label, number in (("awake", 3), ("tired", 4)):
        folder = tmp_path / "faces" / label
        folder.mkdir(parents=True)
        for i, image in enumerate(faces.images[faces.labels == number]):
            cv2.imwrite(str(folder / f"{i}.png"), image)
    short = ("train.epochs=1", "quantize.epochs=1", "train.batch=8", "bench.rounds=2")
    main_of("fine_tune.py")(str(tmp_path / "faces"), str(tmp_path / "run"), short)
    assert "labels=awake, tired" in capsys.readouterr().out


@pytest.mark.slow
def test_quantize_keras(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main_of("quantize_keras.py")(str(tmp_path / "mine_int8.tflite"))
    assert "bytes" in capsys.readouterr().out
    assert np.isfinite((tmp_path / "mine_int8.tflite").stat().st_size)
