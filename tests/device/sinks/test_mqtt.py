"""The MQTT sink against a real mosquitto."""

import itertools
import json
import shutil
import socket
import subprocess
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from device.face import Face
from device.frame import Frame, Result
from device.geometry import Box
from device.labels import FER2013

mqtt = pytest.importorskip("paho.mqtt.client", reason="the extra mqtt is not installed")

from device.sinks.mqtt import Address, MqttSink  # noqa: E402

TIMEOUT = 30.0


def make_result(number, label="happy"):
    probabilities = np.zeros(7, np.float32)
    faces = []
    if label is not None:
        probabilities[FER2013.index(label)] = 0.75
        faces.append(
            Face(
                Box(1, 2, 30, 40),
                track=1,
                labels=FER2013,
                probabilities=probabilities,
                label=label,
                confidence=0.75,
            )
        )
    image = np.zeros((48, 64, 3), np.uint8)
    return Result(Frame(image, number, number / 30, "camera"), faces, FER2013)


class Broker:
    """A mosquitto on a port of its own, which keeps its sessions over a restart."""

    def __init__(self, program, folder, settings=""):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._command = [program, "-c", str(folder / "mosquitto.conf")]
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nuser root\npersistence true\n"
            f"persistence_location {folder}/\n{settings or 'allow_anonymous true'}\n"
        )
        self._process = None

    def start(self):
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        wait_until(self._answers)

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            self._process.wait(TIMEOUT)
            self._process = None

    def _answers(self):
        assert self._process.poll() is None, "mosquitto does not start"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Listener:
    """A subscriber whose messages the broker keeps while it is away."""

    def __init__(self, port, topic, user=None):
        self.messages = []
        self.subscribed = threading.Event()
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id="listener", clean_session=False
        )
        if user:
            self._client.username_pw_set(*user)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        self._client.on_message = lambda _, __, message: self.messages.append(message)
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()
        assert self.subscribed.wait(TIMEOUT)

    def payloads(self, topic):
        return [message.payload.decode() for message in self.messages if message.topic == topic]

    def frames(self):
        """Numbers of the frames in the order of their arrival, each once."""
        payloads = self.payloads("fer-edge/state")
        return list(dict.fromkeys(json.loads(payload)["frame"] for payload in payloads))

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


def wait_until(true):
    end = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def make_broker(tmp_path):
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        pytest.skip("no mosquitto here: apt-get install mosquitto")
    brokers = []

    def make(settings=""):
        brokers.append(Broker(program, tmp_path, settings))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.stop()


@pytest.fixture
def broker(make_broker):
    return make_broker()


@pytest.fixture
def listen():
    listeners = []

    def listen(*arguments, **options):
        listeners.append(Listener(*arguments, **options))
        return listeners[-1]

    yield listen
    for listener in listeners:
        listener.close()


@pytest.fixture
def open_sink():
    sinks = []

    def open_sink(port, *, url="mqtt://127.0.0.1:{}", **options):
        address = Address.parse(url.format(port))
        sinks.append(MqttSink(address, labels=FER2013, **{"interval": 0, **options}))
        return sinks[-1]

    yield open_sink
    for sink in sinks:
        sink.close()


def test_what_the_largest_face_shows_is_published(broker, listen, open_sink):
    broker.start()
    listener = listen(broker.port, "fer-edge/#")
    sink = open_sink(broker.port)
    sink.write(make_result(7))
    sink.write(make_result(8, label=None))
    wait_until(lambda: len(listener.frames()) == 2)
    seen, nobody = map(json.loads, listener.payloads("fer-edge/state"))
    assert seen["expression"] == "happy" and seen["confidence"] == 0.75
    assert seen["probabilities"]["happy"] == 0.75 and tuple(seen["probabilities"]) == FER2013
    assert seen["faces"] == 1 and abs(seen["time"] - time.time()) < TIMEOUT
    assert nobody["expression"] is None and nobody["faces"] == 0


def test_a_broker_that_restarts_in_mid_run_loses_nothing(broker, listen, open_sink):
    broker.start()
    listener = listen(broker.port, "fer-edge/state")
    sink = open_sink(broker.port)
    for number in range(30):
        sink.write(make_result(number))
    broker.stop()
    for number in range(30, 230):
        sink.write(make_result(number))
    broker.start()
    for number in range(230, 260):
        sink.write(make_result(number))
    wait_until(lambda: len(listener.frames()) == 260)
    assert listener.frames() == list(range(260))
    assert sink.lost == 0


def test_beyond_the_bound_the_oldest_messages_give_way(broker, listen, open_sink, caplog):
    broker.start()
    listener = listen(broker.port, "fer-edge/state")
    broker.stop()
    sink = open_sink(broker.port, queue=5)
    for number in range(20):
        sink.write(make_result(number))
    broker.start()
    wait_until(lambda: len(listener.frames()) == 5)
    assert listener.frames() == [15, 16, 17, 18, 19]
    assert sink.lost == 15
    assert caplog.text.count("the queue is full") == 1
    sink.close()
    assert "15 messages were not delivered" in caplog.text


def test_home_assistant_finds_three_sensors(broker, listen, open_sink):
    broker.start()
    open_sink(broker.port)
    listener = listen(broker.port, "homeassistant/#")  # comes later: the messages are retained
    wait_until(lambda: len({message.topic for message in listener.messages}) == 3)
    sensors = {message.topic: json.loads(message.payload) for message in listener.messages}
    topic = "homeassistant/sensor/fer-edge/{}/config"
    assert set(sensors) == {topic.format(name) for name in ("expression", "confidence", "faces")}
    for sensor in sensors.values():
        assert sensor["state_topic"] == "fer-edge/state"
        assert sensor["availability_topic"] == "fer-edge/availability"
        assert sensor["device"]["identifiers"] == ["fer-edge"]
    assert len({sensor["unique_id"] for sensor in sensors.values()}) == 3
    expression = sensors[topic.format("expression")]
    assert expression["device_class"] == "enum"
    assert expression["options"] == [*FER2013, "uncertain"]


def test_templates_read_the_state():
    jinja2 = pytest.importorskip("jinja2")
    from device.sinks import home_assistant

    _, (_, payload), _ = home_assistant.messages("fer-edge", FER2013)
    template = jinja2.Template(json.loads(payload)["value_template"])
    assert template.render(value_json={"confidence": 0.756}) == "76.0"
    assert template.render(value_json={"confidence": None}) == "None"


def test_availability_follows_the_connection(broker, listen, open_sink):
    broker.start()
    listener = listen(broker.port, "fer-edge/availability")
    sink = open_sink(broker.port)

    def states():
        """Without repetitions: what was not acknowledged when the connection broke comes again."""
        payloads = listener.payloads("fer-edge/availability")
        return [state for state, _ in itertools.groupby(payloads)]

    wait_until(lambda: states() == ["online"])
    sink._client.socket().shutdown(socket.SHUT_RDWR)  # as a power cut does
    wait_until(lambda: states() == ["online", "offline", "online"])
    sink.close()
    wait_until(lambda: states()[-1] == "offline")


def test_an_unchanged_face_is_published_once_an_interval(broker, listen, open_sink):
    broker.start()
    listener = listen(broker.port, "fer-edge/state")
    sink = open_sink(broker.port, interval=3600)
    for number, label in enumerate(["happy"] * 5 + ["sad"] * 5 + [None] * 5):
        sink.write(make_result(number, label))
    wait_until(lambda: len(listener.frames()) == 3)
    sink.close()
    assert listener.frames() == [0, 5, 10]


def test_a_password_is_needed_and_taken(make_broker, listen, open_sink, tmp_path, caplog):
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("no mosquitto_passwd here")
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "pi", "secret"], check=True)
    broker = make_broker(f"allow_anonymous false\npassword_file {passwords}")
    broker.start()
    listener = listen(broker.port, "#", user=("pi", "secret"))
    open_sink(broker.port, url="mqtt://pi@127.0.0.1:{}/wrong", password="guess")
    wait_until(lambda: "refuses the connection" in caplog.text)
    open_sink(broker.port, url="mqtt://pi@127.0.0.1:{}/right", password="secret")
    wait_until(lambda: listener.payloads("right/availability") == ["online"])
    assert not listener.payloads("wrong/availability")
    assert "secret" not in caplog.text and "guess" not in caplog.text


def test_without_a_broker_the_loop_goes_on_and_ends(open_sink, caplog):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        sink = open_sink(nobody.getsockname()[1])
        for number in range(100):
            sink.write(make_result(number))
        wait_until(lambda: "cannot be reached" in caplog.text)
        sink.close()
    assert "100 messages were not delivered" in caplog.text


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://pi", Address("pi", 1883, False, None, "fer-edge")),
        ("mqtts://me@pi:99/a/b/", Address("pi", 99, True, "me", "a/b")),
        ("mqtts://[::1]/door", Address("::1", 8883, True, None, "door")),
    ],
)
def test_addresses(url, address):
    assert Address.parse(url) == address


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("pi", "no broker's address"),
        ("http://pi", "no broker's address"),
        ("mqtt://", "no broker's address"),
        ("mqtt://pi:99999", "Port out of range"),
        ("mqtt://pi/a#b", "a topic has"),
        ("mqtt://pi/a+", "a topic has"),
        ("mqtt://me:secret@pi", "FER_EDGE_MQTT_PASSWORD"),
    ],
)
def test_other_addresses_are_refused(url, complaint):
    with pytest.raises(InputError, match=complaint) as error:
        Address.parse(url)
    assert "secret" not in str(error.value)


@given(st.text() | st.text().map("mqtt://".__add__))
def test_no_text_breaks_the_parser(url):
    try:
        address = Address.parse(url)
    except InputError:
        return
    assert address.host and 0 < address.port < 65536 and address.topic
