"""Statistics since the start, for Prometheus."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client.registry import Collector

from device.preview.hub import Hub
from device.preview.statistics import BUCKETS
from device.system.temperature import celsius

__all__ = ["CONTENT_TYPE", "Metrics"]


class Metrics(Collector):
    """Reads the statistics on request, at no cost to the loop."""

    def __init__(self, hub: Hub) -> None:
        """Register the collector.

        Args:
            hub: source of the statistics.
        """
        self._hub = hub
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; called by the registry."""
        statistics = self._hub.statistics
        counts = statistics.totals()
        yield CounterMetricFamily("fer_edge_frames", "Frames that were analyzed.", counts.frames)
        yield CounterMetricFamily(
            "fer_edge_dropped_frames", "Frames replaced before analysis.", counts.dropped
        )
        yield GaugeMetricFamily("fer_edge_faces", "Faces in the last frame.", counts.faces)
        yield GaugeMetricFamily(
            "fer_edge_last_frame_age_seconds", "Time since the last frame.", statistics.age()
        )
        expressions = CounterMetricFamily(
            "fer_edge_expressions", "Faces by the expression shown.", labels=["label"]
        )
        for label, count in sorted(counts.labels.items()):
            expressions.add_metric([label], count)
        yield expressions
        stages = HistogramMetricFamily(
            "fer_edge_stage_seconds", "Latency of a stage of the loop.", labels=["stage"]
        )
        for stage, latency in counts.latencies.items():
            stages.add_metric([stage], _buckets(latency.counts), latency.total / 1000)
        yield stages
        yield GaugeMetricFamily("fer_edge_viewers", "Open preview pages.", self._hub.viewers)
        temperature = celsius()
        if temperature is not None:
            yield GaugeMetricFamily(
                "fer_edge_temperature_celsius", "Temperature of the processor.", temperature
            )


def _buckets(counts: list[int]) -> list[tuple[str, float]]:
    """Return cumulative counts by upper bound in seconds."""
    bounds = [*(f"{bound / 1000:g}" for bound in BUCKETS), "+Inf"]
    return [(bound, sum(counts[: index + 1])) for index, bound in enumerate(bounds)]
