"""Runs a service over the double in a process of its own, and calls it with bytes as any client would."""

import contextlib
import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status
from prometheus_client.parser import text_string_to_metric_families
from pullback.v1 import derivative_pb2 as wire
from pullback.v1 import grading_pb2, tensor_pb2
from waiting import PATIENCE, eventually

from tests.processes import descendants, memory

SERVICE = "pullback.v1.DerivativeService"
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
_RUN = """
import json, sys
from pullback_server.service import Config
from pullback_server.service.front import server
try:
    settings, options = json.loads(sys.argv[1]), json.loads(sys.argv[2])
    server.run(Config.of(**settings), announce=lambda line: print(line, flush=True), **options)
except server.ServeError as problem:
    sys.exit(f"Error: {problem}")
"""


class Service:
    """A running service, and a channel to it."""

    def __init__(self, process, port, begun):
        self.process, self.port, self._begun = process, port, begun
        self.target = f"127.0.0.1:{port}"
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self.channel = grpc.insecure_channel(self.target, options=[*options, ("grpc.enable_retries", 0)])
        self.differentiate_bytes = self.channel.unary_unary(f"/{SERVICE}/Differentiate")
        self.many_bytes = self.channel.stream_stream(f"/{SERVICE}/DifferentiateMany")
        self.describe_bytes = self.channel.unary_unary(f"/{SERVICE}/DescribeLanguage")
        self._health = self.channel.unary_unary("/grpc.health.v1.Health/Check")

    def differentiate(self, expression, timeout=PATIENCE, **fields):
        reply = self.differentiate_bytes(request(expression, **fields).SerializeToString(), timeout=timeout)
        return wire.DifferentiateResponse.FromString(reply)

    def future(self, expression, timeout=PATIENCE, metadata=None, **fields):
        body = request(expression, **fields).SerializeToString()
        return self.differentiate_bytes.future(body, timeout=timeout, metadata=metadata)

    def many(self, requests, timeout=PATIENCE):
        answers = self.many_bytes((r.SerializeToString() for r in requests), timeout=timeout)
        return (wire.DifferentiateManyResponse.FromString(answer) for answer in answers)

    def describe(self, operator=""):
        body = wire.DescribeLanguageRequest(operator=operator).SerializeToString()
        return wire.DescribeLanguageResponse.FromString(self.describe_bytes(body, timeout=PATIENCE))

    def health(self, service=""):
        body = health_pb2.HealthCheckRequest(service=service).SerializeToString()
        return health_pb2.HealthCheckResponse.FromString(self._health(body, timeout=PATIENCE)).status

    def take_all(self):
        """Waits until all calls that were sent before have reached the service: they are in its queue, or refused."""
        for _ in range(2):
            self.health()

    @contextlib.contextmanager
    def begins(self, count=1):
        """Waits at its end until the doubles have begun so many orders since it started."""
        before = self._begun.stat().st_size
        yield
        eventually(lambda: self._begun.stat().st_size >= before + count)
        self.take_all()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        """The bytes of memory of the service and all its descendants, what they share counted once."""
        return memory((self.process.pid, *self.family()))

    def family(self):
        """The pids of the service's descendants: the fork server first, then the workers."""
        return list(descendants(self.process.pid))

    def kill_workers(self, *, count=None, fork_server=False):
        """Kills some of this service's own workers, or its fork server; returns their pids."""
        family = self.family()
        chosen = family[:1] if fork_server else family[1:][:count]
        for pid in chosen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return set(chosen)

    def end(self, number=signal.SIGTERM):
        """Asks it to end, and returns its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def running(environment=None, until_stdin_closes=False, log=None, **settings):
    """A service with those settings, ended afterwards whatever happens; its log goes to the file, if there is one."""
    with tempfile.NamedTemporaryFile(prefix="pullback-begun-") as begun:
        process = launch({"DOUBLE_BEGUN": begun.name, **(environment or {})}, until_stdin_closes, log, **settings)
        with _ended(process):
            line = process.stdout.readline()
            assert line.startswith("pullback listening on 127.0.0.1:"), line
            service = Service(process, int(line.rpartition(":")[2]), Path(begun.name))
            try:
                yield service
            finally:
                service.channel.close()


@contextlib.contextmanager
def _ended(process):
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def launch(environment=None, until_stdin_closes=False, log=None, **settings):
    doubles = {"mathematics": "service_double", "grading": "grading_double"}
    settings = {"port": 0, "workers": 2, "threads": 1, "device": "cpu", **doubles, **settings}
    return subprocess.Popen(
        (sys.executable, "-c", _RUN, json.dumps(settings), json.dumps({"until_stdin_closes": until_stdin_closes})),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(Path(__file__).parent), os.environ.get("PYTHONPATH", ""))),
            **(environment or {}),
        },
    )


def start_error(capfd, environment=None, **settings):
    """What a service prints on stderr that ends with 1 before it has said where it listens."""
    process = launch(environment, **settings)
    with _ended(process):
        assert process.wait(PATIENCE) == 1
        assert process.stdout.read() == ""
    return capfd.readouterr().err


def request(expression, request_id="r", shape=(2,), data=None, **fields):
    data = bytes(8 * math.prod(shape)) if data is None else data
    tensor = tensor_pb2.Tensor(dtype="DTYPE_FLOAT64", shape=shape, data=data)
    inputs = [wire.Input(name="x", tensor=tensor)]
    return wire.DifferentiateRequest(id=request_id, expression=expression, inputs=inputs, **fields)


def many_request(expression, request_id, budget=None):
    message = wire.DifferentiateManyRequest(request=request(expression, request_id))
    if budget is not None:
        message.budget.FromNanoseconds(round(budget * 1e9))
    return message


def grade_request(text, request_id="r", expression="x**2", budget=None):
    message = grading_pb2.GradeRequest(
        id=request_id,
        problem=grading_pb2.Problem(expression=expression, inputs=[grading_pb2.Variable(name="x")], wrt=["x"]),
        answer=grading_pb2.Answer(text=text),
    )
    message.problem.policy.SetInParent()
    if budget is not None:
        message.problem.policy.budget.FromNanoseconds(round(budget * 1e9))
    return message


def result(call):
    """The reply of a call that was begun with `future`."""
    return wire.DifferentiateResponse.FromString(call.result())


def refused(call, *arguments, **fields):
    """The error of a call, which must have one."""
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **fields)
    return caught.value


def reason(call):
    """Why a call that was begun with `future` is refused; OK where it is not."""
    try:
        call.result()
    except grpc.RpcError as error:
        return details(error)["ErrorInfo"].reason
    return "OK"


def listed_services(channel, metadata=None):
    """The names of the services that reflection lists."""
    call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
    message = reflection_pb2.ServerReflectionRequest(list_services="")
    [answer] = call(iter([message]), timeout=PATIENCE, metadata=metadata)
    return {entry.name for entry in answer.list_services_response.service}


def metrics_address(log):
    """Where a service with that log shows its metrics."""
    eventually(lambda: "metrics are on" in log.read_text())
    return re.search(r"http://[\d.:]+/metrics", log.read_text())[0]


def samples(address):
    """The samples of a page of metrics, each by its name and the sorted values of its labels."""
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return Counter({(s.name, *sorted(s.labels.values())): s.value for each in families for s in each.samples})


def growth(before, address):
    """By how much each sample has grown since those before."""
    grown = samples(address)
    grown.subtract(before)
    return grown


def free_ports(count):
    """Ports of the loopback interface on which nothing listens."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def details(error):
    """The details of an error by type: what the service sends beside the code."""
    return status_details(rpc_status.from_call(error))


def status_details(status):
    packed = {detail.TypeName().rpartition(".")[2]: detail.value for detail in status.details}
    return {name: getattr(error_details_pb2, name).FromString(value) for name, value in packed.items()}
