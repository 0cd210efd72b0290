"""Metrics for Prometheus: requests by address, method and status, their duration, and the catalogue's revision.

Several processes of one start share a folder (``PROMETHEUS_MULTIPROC_DIR``), so that whichever of them is asked
answers for all of them.
"""

import os
from collections.abc import Callable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""An answer from memory takes about a millisecond, a recommendation some tens of them."""


class _Revision(Collector):
    """The revision of the catalogue that is in use at the moment of asking."""

    def __init__(self, revision: Callable[[], int | None]) -> None:
        self._revision = revision

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge, absent until the catalogue is loaded."""
        revision = self._revision()
        if revision is not None:
            text = "Revision of the catalogue that answers are computed from."
            yield GaugeMetricFamily("whichrig_catalogue_revision", text, value=revision)


class Metrics:
    """The metrics of one application."""

    def __init__(self, revision: Callable[[], int | None]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Revision(revision))
        counted = None if FOLDER in os.environ else self._registry
        if counted is None:
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        else:
            ProcessCollector(registry=counted)
            PlatformCollector(registry=counted)
        self._requests = Counter(
            "whichrig_requests", "Requests answered.", ["method", "route", "status"], registry=counted
        )
        self._seconds = Histogram(
            "whichrig_request_duration_seconds",
            "Time until an answer was complete.",
            ["method", "route"],
            registry=counted,
            buckets=BUCKETS_S,
        )
        self._open = Gauge(
            "whichrig_requests_in_progress",
            "Requests being answered.",
            registry=counted,
            multiprocess_mode="livesum",
        )

    def begun(self) -> None:
        """Count a request that has come in."""
        self._open.inc()

    def answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer; ``route`` is the pattern of its address, so that there are few."""
        self._open.dec()
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)
