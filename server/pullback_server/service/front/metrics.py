"""The counts as Prometheus reads them, on a port of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ..config import Config
from .dispatch import Dispatcher
from .tally import BUCKETS, Tally, Histogram


class Metrics(Collector):
    """Reads the tally, the queue and the workers when Prometheus asks."""

    def __init__(self, tally: Tally, dispatcher: Dispatcher) -> None:
        self._tally, self._dispatcher = tally, dispatcher

    def collect(self) -> Iterator[Metric]:
        """Every metric of the service; README.md names them."""
        tally, dispatcher, pool = self._tally, self._dispatcher, self._dispatcher.pool
        yield _counter("pullback_requests", "Requests by method, status and reason.", ("method", "status", "reason"),
                       dict(tally.calls))  # fmt: skip
        yield _times("pullback_queue_seconds", "Seconds that a request waited for a worker.", tally.queue)
        yield _times("pullback_numeric_seconds", "Seconds of the numeric leg.", tally.numeric)
        yield _times("pullback_symbolic_seconds", "Seconds of the symbolic leg and the check.", tally.symbolic)
        yield _times("pullback_request_seconds", "Seconds from a request to its answer.", tally.total)
        yield _counter("pullback_forms", "Answers by where their closed form came from.", ("origin",),
                       {(origin,): count for origin, count in dict(tally.forms).items()})  # fmt: skip
        yield _counter("pullback_bytes", "Bytes of requests and replies.", ("direction",),
                       {("received",): tally.received, ("sent",): tally.sent})  # fmt: skip
        yield _counter("pullback_workers_replaced", "Workers replaced, by why.", ("reason",),
                       {(reason,): count for reason, count in dict(pool.replaced).items()})  # fmt: skip
        for name, doc, value in (
            ("pullback_workers_ready", "Workers that are ready.", pool.ready),
            ("pullback_workers_wanted", "Workers that there should be.", pool.size),
            ("pullback_requests_waiting", "Requests that wait for a worker.", dispatcher.waiting),
            ("pullback_requests_in_flight", "Requests that wait or are worked on.", dispatcher.calls),
            ("pullback_bytes_in_flight", "Bytes of requests that wait or are worked on.", dispatcher.bytes),
            (
                "pullback_form_cache_bytes",
                "Bytes of closed forms that are kept for all workers.",
                dispatcher.form_bytes,
            ),
        ):
            yield GaugeMetricFamily(name, doc, value=value)


def serve(config: Config, tally: Tally, dispatcher: Dispatcher) -> tuple[int, Callable[[], None]]:
    """Answers Prometheus from threads of its own: the port, and what ends it. Raises OSError where it is taken."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Metrics(tally, dispatcher))
    server, thread = start_http_server(config.metrics_port, config.metrics_host, registry)

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join(1)

    return server.server_port, end


def _counter(name: str, doc: str, labels: tuple[str, ...], values: Mapping[Any, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, doc, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _times(name: str, doc: str, times: Histogram) -> HistogramMetricFamily:
    ends = [*map(str, BUCKETS), "+Inf"]
    return HistogramMetricFamily(
        name, doc, buckets=list(zip(ends, accumulate(times.counts), strict=True)), sum_value=times.total
    )
