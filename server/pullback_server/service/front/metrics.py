"""The metrics, one row each, and the port on which Prometheus reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, starmap
from operator import attrgetter
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ..config import Config
from .dispatch import Dispatcher
from .tally import BUCKETS, Tally


@dataclass(frozen=True)
class MetricRow:
    """A metric: its name, its kind, the attribute of Metrics that is its value, and what it means.

    A counter has the labels that stand in backquotes in its meaning.
    """

    suffix: str
    kind: str
    value: str
    meaning: str

    @property
    def name(self) -> str:
        """The name by which Prometheus knows it.

        >>> METRICS[0].name
        'pullback_requests_total'
        """
        return f"pullback_{self.suffix}"

    @property
    def help(self) -> str:
        """The sentence that Prometheus shows.

        >>> METRICS[0].help
        'Requests by method, status and reason.'
        """
        return f"{self.meaning[0].upper()}{self.meaning[1:].replace('`', '')}."


# fmt: off
#: Every metric; the service's reference is made from these rows too.
METRICS = tuple(starmap(MetricRow, (
    # name                     kind         value                    meaning
    ("requests_total",         "counter",   "tally.calls",           "requests by `method`, `status` and `reason`"),
    ("request_seconds",        "histogram", "tally.total",           "seconds from a request to its answer"),
    ("queue_seconds",          "histogram", "tally.queue",           "seconds that a request waited for a worker"),
    ("numeric_seconds",        "histogram", "tally.numeric",         "seconds of the numeric leg"),
    ("symbolic_seconds",       "histogram", "tally.symbolic",        "seconds of the symbolic leg and the check"),
    ("forms_total",            "counter",   "tally.forms",           "answers by the `origin` of their closed form; "
                                                                     "worker and service are cache hits"),
    ("bytes_total",            "counter",   "tally.bytes",           "bytes by `direction`, received and sent"),
    ("workers_ready",          "gauge",     "pool.ready",            "workers that are ready or at work"),
    ("workers_wanted",         "gauge",     "pool.size",             "workers that there should be"),
    ("workers_replaced_total", "counter",   "pool.replaced",         "workers replaced, by `reason`"),
    ("requests_waiting",       "gauge",     "dispatcher.waiting",    "requests that wait for a worker"),
    ("requests_in_flight",     "gauge",     "dispatcher.calls",      "requests that wait or are worked on"),
    ("bytes_in_flight",        "gauge",     "dispatcher.bytes",      "bytes of requests that wait or are worked on"),
    ("form_cache_bytes",       "gauge",     "dispatcher.form_bytes", "bytes of closed forms that all workers share"),
)))
# fmt: on


class Metrics(Collector):
    """Reads the tally, the queue and the workers when Prometheus asks."""

    def __init__(self, tally: Tally, dispatcher: Dispatcher) -> None:
        self.tally, self.dispatcher, self.pool = tally, dispatcher, dispatcher.pool

    def collect(self) -> Iterator[Metric]:
        """Every metric of the table with its current value."""
        return (_family(row, attrgetter(row.value)(self)) for row in METRICS)


def serve(config: Config, tally: Tally, dispatcher: Dispatcher) -> tuple[int, Callable[[], None]]:
    """Answers Prometheus in separate threads: the port, and what ends it. Raises OSError where the port is taken."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Metrics(tally, dispatcher))
    server, thread = start_http_server(config.metrics_port, config.metrics_host, registry)

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join(1)

    return server.server_port, end


def _family(row: MetricRow, value: Any) -> Metric:
    if row.kind == "gauge":
        return GaugeMetricFamily(row.name, row.help, value=value)
    if row.kind == "histogram":
        ends = [*map(str, BUCKETS), "+Inf"]
        buckets = list(zip(ends, accumulate(value.counts), strict=True))
        return HistogramMetricFamily(row.name, row.help, buckets=buckets, sum_value=value.total)
    family = CounterMetricFamily(row.name, row.help, labels=re.findall(r"`(\w+)`", row.meaning))
    for key, count in dict(value).items():  # a copy: the service goes on counting meanwhile
        family.add_metric((key,) if isinstance(key, str) else key, count)
    return family
