"""Publish the largest face of a camera as JSON.

    python examples/camera_to_mqtt.py SOURCE HOST

SOURCE is a camera number, a video file or a stream. Needs `pip install 'fer-edge[mqtt]'`; for a
service with reconnection and Home Assistant discovery see `fer-edge run --mqtt`.
"""

import json
import sys

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

import fer_edge


def main(source: str, host: str, port: int = 1883, topic: str = "fer-edge/example") -> None:
    """Track the largest face and publish each change of its label."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect(host, port)
    client.loop_start()
    shown = ""
    for frame in fer_edge.track(fer_edge.load(), source, largest=True):
        label = frame.faces[0].label if frame.faces else "no face"
        if label != shown:
            shown = label
            message = {"label": label, "time": round(frame.time, 3)}
            client.publish(topic, json.dumps(message)).wait_for_publish(timeout=5)
    client.loop_stop()
    client.disconnect()


if __name__ == "__main__":
    main(*sys.argv[1:3])
