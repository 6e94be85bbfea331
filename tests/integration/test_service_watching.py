"""What those who run a service see of it: metrics, the log, request ids, traces and the status command."""

import json
import re

import pytest
from click.testing import CliRunner
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pullback import Client, InvalidRequest
from pullback.cli.status import status
from pullback.errors import REQUEST_ID
from pullback_server.service.front.callers import Caller
from pullback_server.service.front.calls import Call
from pullback_server.service.front.traces import Spans
from pullback_server.service.protocol.methods import ROWS
from service_harness import SERVING, growth, many_request, metrics_address, refused, running, samples
from waiting import eventually

DIFFERENTIATE = "/pullback.v1.DerivativeService/Differentiate"


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A service that logs every call, its log, and the address of its metrics."""
    log = tmp_path_factory.mktemp("log") / "log"
    with log.open("w") as file, running(log=file, metrics_port=0, log_calls=True, symbolic_budget=0.3) as service:
        yield service, log, metrics_address(log)


def lines(log):
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_every_call_is_counted_by_method_status_and_reason(watched):
    service, _, address = watched
    before = samples(address)
    service.differentiate("echo")
    service.differentiate("form counted 0")
    service.differentiate("form counted 0")
    refused(lambda: service.differentiate("refuse"))
    refused(lambda: service.differentiate("kill"))
    list(service.many([many_request("echo", "a"), many_request("refuse", "b")]))
    grown = growth(before, address)
    # The labels of a sample in the order of their values: the reason, then the method or the status.
    assert grown["pullback_requests_total", "", "Differentiate", "OK"] == 3
    assert grown["pullback_requests_total", "Differentiate", "INVALID_ARGUMENT", "UPSTREAM_SHAPE"] == 1
    assert grown["pullback_requests_total", "Differentiate", "INTERNAL", "WORKER_CRASHED"] == 1
    assert grown["pullback_requests_total", "", "DifferentiateMany", "OK"] == 1
    assert grown["pullback_requests_total", "DifferentiateMany", "INVALID_ARGUMENT", "UPSTREAM_SHAPE"] == 1
    assert grown["pullback_forms_total", "derived"] == grown["pullback_forms_total", "service"] == 1
    assert grown["pullback_workers_replaced_total", "died"] == 2
    assert grown["pullback_queue_seconds_count",] == grown["pullback_request_seconds_count",] == 7
    assert grown["pullback_request_seconds_bucket", "+Inf"] == 7
    assert grown["pullback_bytes_total", "received"] > 0
    assert grown["pullback_bytes_total", "sent"] > 0
    eventually(lambda: samples(address)["pullback_workers_ready",] == 2)
    assert samples(address)["pullback_requests_in_flight",] == 0


def test_the_log_is_a_json_object_a_line_and_says_what_became_of_a_call(watched):
    service, log, _ = watched
    error = refused(service.future("fail", metadata=[(REQUEST_ID, "of-the-caller")]).result)
    assert dict(error.trailing_metadata())[REQUEST_ID] == "of-the-caller"

    def by_source():
        return {line["source"]: line for line in lines(log) if line.get("request") == "of-the-caller"}

    eventually(lambda: by_source().keys() >= {"front", "worker"})
    front, worker = by_source()["front"], by_source()["worker"]
    assert (front["method"], front["status"], front["client"]) == ("Differentiate", "INTERNAL", "127.0.0.1")
    assert "a secret of the inside" in worker["exception"]


def test_a_request_has_an_id_that_reaches_the_caller(watched):
    service, log, _ = watched
    ids = set()
    for metadata in ([], [], [(REQUEST_ID, "no id, {}")], [(REQUEST_ID, "x" * 200)]):
        call = service.future("echo", metadata=metadata)
        ids.add(dict(call.trailing_metadata())[REQUEST_ID])
    assert len(ids) == 4
    assert all(re.fullmatch(r"[0-9a-f]{20}", name) for name in ids)
    eventually(lambda: ids <= {line.get("request") for line in lines(log)})


def test_an_error_of_the_client_names_the_request(watched):
    service, log, _ = watched
    with Client(service.target) as client, pytest.raises(InvalidRequest) as caught:
        client.differentiate("refuse", {"x": [1.0, 2.0]})
    assert caught.value.request_id
    eventually(lambda: caught.value.request_id in log.read_text())


def test_status_says_health_device_workers_limits_and_versions(watched):
    service = watched[0]
    eventually(lambda: service.health() == SERVING)
    target = ["--target", service.target]
    result = CliRunner().invoke(status, [*target, "--json"])
    document = json.loads(result.output)
    assert result.exit_code == 0
    assert (document["health"], document["device"], document["workers"]["wanted"]) == ("SERVING", "cpu", 2)
    assert document["limits"]["queue"] == 256
    assert document["versions"]
    shown = CliRunner().invoke(status, target)
    assert shown.exit_code == 0
    assert {"SERVING", "cpu", "queue", "limits", "versions"} <= set(shown.output.split())
    assert CliRunner().invoke(status, [*target, "--health-only"]).output == "SERVING\n"


def test_the_status_of_a_service_that_is_not_there_is_an_error_with_its_exit_code():
    assert CliRunner().invoke(status, ["--target", "127.0.0.1:1"]).exit_code == 3
    assert CliRunner().invoke(status, []).exit_code == 2


class _Future:
    """Stands in for an event loop's future."""


def test_a_span_of_a_call_holds_one_for_the_queue_and_one_for_each_leg():
    exporter = InMemorySpanExporter()
    spans = Spans(exporter)
    row = ROWS[DIFFERENTIATE]
    call = Call(row.task, b"", "alice", "r1", 100.0, _Future())
    call.dispatched, call.leg_seconds, call.note = 100.5, (0.25, 0.125), "derived"
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    spans.record(row, Caller("alice", "r1", parent), call, "OK", 1.0)
    spans.close()
    finished = {span.name: span for span in exporter.get_finished_spans()}
    whole = finished[DIFFERENTIATE[1:]]
    assert set(finished) == {whole.name, "queue", "numeric", "symbolic"}
    assert f"{whole.context.trace_id:032x}" == parent.split("-")[1]
    assert f"{whole.parent.span_id:016x}" == parent.split("-")[2]
    assert whole.attributes["pullback.request"] == "r1"
    seconds = {name: (span.end_time - span.start_time) / 1e9 for name, span in finished.items()}
    assert seconds == {whole.name: 1.0, "queue": 0.5, "numeric": 0.25, "symbolic": 0.125}
    for name in ("queue", "numeric", "symbolic"):
        assert finished[name].parent.span_id == whole.context.span_id
