"""The metrics for Prometheus."""

import pytest

pytest.importorskip("prometheus_client", reason="the extra serve is not installed")

from prometheus_client.parser import text_string_to_metric_families

from device.preview.hub import Hub
from device.preview.metrics import Metrics


@pytest.fixture
def hub():
    return Hub("camera")


def samples(hub):
    families = text_string_to_metric_families(Metrics(hub).text().decode())
    return {
        (
            sample.name,
            *(value for _, value in sorted(sample.labels.items(), reverse=True)),
        ): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_are_those_of_the_frames(hub, result):
    for number in range(4):
        hub.publish(result(number, faces=2))
    found = samples(hub)
    assert found["fer_edge_frames_total",] == 4
    assert found["fer_edge_dropped_frames_total",] == 3
    assert found["fer_edge_faces",] == 2
    assert found["fer_edge_viewers",] == 0
    assert found["fer_edge_last_frame_age_seconds",] >= 0
    assert found["fer_edge_expressions_total", "angry"] == 8
    assert found["fer_edge_stage_seconds_bucket", "detect", "0.01"] == 0
    assert found["fer_edge_stage_seconds_bucket", "detect", "0.02"] == 4
    assert found["fer_edge_stage_seconds_bucket", "detect", "+Inf"] == 4
    assert found["fer_edge_stage_seconds_sum", "detect"] == pytest.approx(0.048)
    assert found["fer_edge_stage_seconds_count", "detect"] == 4


def test_labels_of_any_characters(hub, result):
    odd = result(0)
    odd.faces[0].label = 'a"b\\c\nd'
    hub.publish(odd)
    assert samples(hub)["fer_edge_expressions_total", 'a"b\\c\nd'] == 1
