"""OpenTelemetry traces: a span for each call, and in it one for the queue and for each leg."""

from __future__ import annotations

import time
from collections.abc import Callable

from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode

from ..protocol.methods import MethodRow
from .callers import Caller
from .calls import Call


def exporter() -> SpanExporter:
    """The exporter that sends spans over OTLP, as the variables OTEL_EXPORTER_OTLP_... configure it."""
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


class Spans:
    """Makes the spans of a call when it is over, from the times that the call has kept."""

    def __init__(self, spans: SpanExporter) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": "pullback"}))
        self._provider.add_span_processor(BatchSpanProcessor(spans))
        self._tracer = self._provider.get_tracer("pullback")
        self.close: Callable[[], None] = self._provider.shutdown

    def record(self, row: MethodRow, caller: Caller, call: Call, status: str, seconds: float) -> None:
        """A call is over after so many seconds."""
        end = time.time_ns()
        start = end - round(seconds * 1e9)
        parent = propagate.extract({"traceparent": caller.trace}) if caller.trace else None
        attributes: dict[str, str | int] = {
            "rpc.system": "grpc",
            "rpc.service": row.service,
            "rpc.method": row.name,
            "pullback.request": caller.request_id,
            "pullback.status": status,
            "pullback.attempts": call.attempts,
            "pullback.form_origin": call.note,
        }
        span = self._tracer.start_span(row.path[1:], parent, SpanKind.SERVER, attributes, start_time=start)
        if status != "OK":
            span.set_status(Status(StatusCode.ERROR, status))
        within = trace.set_span_in_context(span)
        moment = start
        numeric, symbolic = call.leg_seconds
        queue = seconds if call.queue_seconds is None else call.queue_seconds
        for name, duration in (("queue", queue), ("numeric", numeric), ("symbolic", symbolic)):
            if duration > 0:
                child = self._tracer.start_span(name, within, start_time=moment)
                moment = min(end, moment + round(duration * 1e9))
                child.end(moment)
        span.end(end)
