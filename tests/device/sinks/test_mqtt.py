"""The MQTT sink against a real mosquitto."""

import itertools
import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import CheckFailedError, InputError
from device.face import Face
from device.frame import Frame, Result
from device.geometry import Box
from device.labels import FER2013

mqtt = pytest.importorskip("paho.mqtt.client", reason="the extra mqtt is not installed")

from device.sinks import home_assistant  # noqa: E402
from device.sinks.mqtt import Address, Credentials, MqttSink  # noqa: E402

from ..mosquitto import TIMEOUT, wait_until  # noqa: E402


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


class Listener:
    """A subscriber for which the broker queues messages while it is disconnected."""

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

    open_sink.sinks = sinks
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
    _, (_, payload), _ = home_assistant.messages("fer-edge", FER2013)
    template = jinja2.Template(json.loads(payload)["value_template"])
    assert template.render(value_json={"confidence": 0.756}) == "76.0"
    assert template.render(value_json={"confidence": None}) == "None"


def test_availability_follows_the_connection(broker, listen, open_sink):
    broker.start()
    listener = listen(broker.port, "fer-edge/availability")
    sink = open_sink(broker.port)

    def states():
        """States without repetitions: messages that were not acknowledged are sent again."""
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
    open_sink(broker.port, url="mqtt://pi@127.0.0.1:{}/wrong", credentials=Credentials("guess"))
    wait_until(lambda: "refuses the connection" in caplog.text)
    open_sink(broker.port, url="mqtt://pi@127.0.0.1:{}/right", credentials=Credentials("secret"))
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
        with pytest.raises(CheckFailedError, match="nothing was delivered: cannot be reached"):
            sink.close()
        open_sink.sinks.remove(sink)


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
        ("pi", "not the address of a broker"),
        ("http://pi", "not the address of a broker"),
        ("mqtt://", "not the address of a broker"),
        ("mqtt://pi:99999", "not a valid host or port"),
        ("mqtt://pi/a#b", "a topic may only contain"),
        ("mqtt://pi/a+", "a topic may only contain"),
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


def test_a_wrong_password_is_said_once_and_nothing_delivered_is_a_failure(
    make_broker, open_sink, tmp_path, caplog, monkeypatch
):
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "pi", "secret"], check=True)
    broker = make_broker(f"allow_anonymous false\npassword_file {passwords}")
    broker.start()
    sink = open_sink(broker.port, url="mqtt://pi@127.0.0.1:{}", credentials=Credentials("guess"))
    refusals = []
    on_connect = sink._client.on_connect
    sink._client.on_connect = lambda *arguments: (refusals.append(1), on_connect(*arguments))
    sink.write(make_result(0))
    wait_until(lambda: len(refusals) >= 2 or caplog.text.count("refuses") > 1)
    assert caplog.text.count("refuses the connection") == 1
    with pytest.raises(CheckFailedError, match="check the user and FER_EDGE_MQTT_PASSWORD"):
        sink.close()
    open_sink.sinks.remove(sink)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority with certificates of the broker and a client."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=home")
    for name in ("broker", "client"):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=x")
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-out", f"{name}.pem", "-extfile", "names"),
        )
    return folder


@pytest.fixture
def tls_broker(make_broker, authority):
    broker = make_broker(
        f"allow_anonymous true\ncafile {authority}/ca.pem\ncertfile {authority}/broker.pem\n"
        f"keyfile {authority}/broker.key\nrequire_certificate true"
    )
    broker.start()
    return broker


def test_tls_with_an_own_authority_and_a_certificate_of_the_client(
    tls_broker, open_sink, authority, caplog
):
    caplog.set_level("INFO")
    proof = Credentials(
        ca=authority / "ca.pem", certificate=authority / "client.pem", key=authority / "client.key"
    )
    sink = open_sink(tls_broker.port, url="mqtts://127.0.0.1:{}", credentials=proof)
    sink.write(make_result(0))
    wait_until(lambda: sink.delivered == 1)
    assert f"mqtts://127.0.0.1:{tls_broker.port}/fer-edge is connected" in caplog.text


def test_a_certificate_that_does_not_verify_is_said_to_be_that(tls_broker, open_sink, caplog):
    sink = open_sink(tls_broker.port, url="mqtts://127.0.0.1:{}")
    sink.write(make_result(0))
    wait_until(lambda: "certificate is not accepted" in caplog.text)
    assert "--mqtt-ca" in caplog.text
    with pytest.raises(CheckFailedError, match="certificate is not accepted"):
        sink.close()
    open_sink.sinks.remove(sink)


def test_a_broker_that_asks_for_a_certificate(tls_broker, open_sink, authority, caplog):
    proof = Credentials(ca=authority / "ca.pem")
    open_sink(tls_broker.port, url="mqtts://127.0.0.1:{}", credentials=proof)
    wait_until(lambda: "--mqtt-cert" in caplog.text)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (TimeoutError("timed out"), "right port, with TLS"),
        (ssl.SSLError(1, "wrong version number"), "is this the port for TLS"),
        (
            ConnectionRefusedError(111, "Connection refused"),
            "cannot be reached .Connection refused",
        ),
        (socket.gaierror(-2, "Name or service not known"), "cannot be reached .Name or service"),
    ],
)
def test_why_there_is_no_connection(error, message):
    from device.sinks.mqtt.client import explain_failure

    assert re.search(message, explain_failure(error))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"ca": "missing.pem"}, "--mqtt-ca .*missing.pem: cannot be read"),
        ({"ca": "client.key"}, "--mqtt-ca .*: not a PEM certificate"),
        ({"certificate": "client.pem"}, "--mqtt-cert .*: not a PEM certificate with its key"),
        ({"key": "client.key"}, "--mqtt-key needs"),
    ],
)
def test_files_of_tls_that_cannot_be_used(authority, files, message):
    proof = Credentials(**{name: authority / file for name, file in files.items()})
    with pytest.raises(InputError, match=message):
        MqttSink(Address.parse("mqtts://127.0.0.1:1"), labels=FER2013, credentials=proof)


def test_a_certificate_needs_tls(authority):
    proof = Credentials(ca=authority / "ca.pem")
    with pytest.raises(InputError, match="mqtts://"):
        MqttSink(Address.parse("mqtt://127.0.0.1:1"), labels=FER2013, credentials=proof)


def test_clearing_leaves_nothing_on_the_broker(broker, listen, open_sink):
    from typer.testing import CliRunner

    from fer_edge.cli.app import app

    broker.start()
    url = f"mqtt://127.0.0.1:{broker.port}/a/b"
    sink = open_sink(broker.port, url="mqtt://127.0.0.1:{}/a/b")
    sink.write(make_result(0))
    wait_until(lambda: sink.delivered == 1)
    sink.close()
    open_sink.sinks.remove(sink)
    done = CliRunner().invoke(app, ["mqtt", "clear", url])
    assert done.exit_code == 0, done.output
    assert done.output.count("removed homeassistant/sensor/a_b") == 8  # and the old names
    listener = listen(broker.port, "#")  # gets what is retained at once
    open_sink(broker.port, url="mqtt://127.0.0.1:{}/other")
    wait_until(lambda: listener.payloads("other/availability") == ["online"])
    assert not [message for message in listener.messages if "a_b" in message.topic]
    assert not listener.payloads("a/b/availability")


def test_clearing_where_no_broker_is():
    from typer.testing import CliRunner

    from fer_edge.cli.app import app

    done = CliRunner().invoke(app, ["mqtt", "clear", "mqtt://127.0.0.1:1"])
    assert done.exit_code == 1 and "cannot be reached" in done.output


topics = st.text(alphabet="ab-_./ кв", min_size=1, max_size=6).map(lambda text: text.strip("/"))


@given(topics.filter(bool), topics.filter(bool))
def test_different_topics_are_different_devices(one, other):
    ids = [
        {json.loads(payload)["unique_id"] for _, payload in home_assistant.messages(topic, FER2013)}
        for topic in (one, other)
    ]
    assert (one == other) == (ids[0] == ids[1])
    assert one == other or not ids[0] & ids[1]


@pytest.mark.parametrize("url", ["mqtt://u:pa/ss@h", "mqtt://u:1/23@h", "mqtt://a@b:ss@h/t"])
def test_no_error_of_an_address_shows_a_password(url):
    with pytest.raises(InputError, match="FER_EDGE_MQTT_PASSWORD") as error:
        Address.parse(url)
    assert "ss@" not in str(error.value) and "23" not in str(error.value)


def test_fused_results_add_a_sensor_and_go_into_the_message():
    from device.labels import FERPLUS
    from device.modalities.modality import Fused, Modality, Opinion
    from device.sinks.mqtt.sink import _state

    sensors = dict(home_assistant.messages("hall", FERPLUS, ("face", "text")))
    config = json.loads(sensors["homeassistant/sensor/hall/fused/config"])
    assert config["name"] == "Expression by face, text" and config["options"][0] == "neutral"
    assert "homeassistant/sensor/hall/fused/config" not in dict(
        home_assistant.messages("hall", FERPLUS)
    )

    shares = np.full(8, 0.125, np.float32)
    face = Opinion("face", Modality("face", FERPLUS, shares, 0.0), age=0.5, weight=1.0)
    result = make_result(0)
    result.fused = Fused((face, Opinion("text")), FERPLUS, shares, "neutral", 0.125)
    state = _state(result, 0.0)
    assert state["fused"]["label"] == "neutral"
    assert state["modalities"]["text"] == {"age": None, "weight": 0.0, "probabilities": None}
