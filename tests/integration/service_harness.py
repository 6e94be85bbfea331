"""Runs a service over the double in a process of its own, and calls it with bytes as any client would."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from pullback.v1 import derivative_pb2 as wire
from pullback.v1 import tensor_pb2
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
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[*options, ("grpc.enable_retries", 0)])
        self.differentiate_bytes = self.channel.unary_unary(f"/{SERVICE}/Differentiate")
        self.many_bytes = self.channel.stream_stream(f"/{SERVICE}/DifferentiateMany")
        self.describe_bytes = self.channel.unary_unary(f"/{SERVICE}/DescribeLanguage")
        self._health = self.channel.unary_unary("/grpc.health.v1.Health/Check")

    def differentiate(self, expression, timeout=PATIENCE, **fields):
        reply = self.differentiate_bytes(request(expression, **fields).SerializeToString(), timeout=timeout)
        return wire.DifferentiateResponse.FromString(reply)

    def future(self, expression, timeout=PATIENCE, **fields):
        return self.differentiate_bytes.future(request(expression, **fields).SerializeToString(), timeout=timeout)

    def many(self, requests, timeout=PATIENCE):
        answers = self.many_bytes((r.SerializeToString() for r in requests), timeout=timeout)
        return (wire.DifferentiateManyResponse.FromString(answer) for answer in answers)

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


def exit_code(process):
    """The exit code of a service that ends by itself, with its pipes closed."""
    code = process.wait(PATIENCE)
    process.stdin.close()
    process.stdout.close()
    return code


def request(expression, request_id="r", shape=(2,), data=None, **fields):
    count = 1
    for length in shape:
        count *= length
    tensor = tensor_pb2.Tensor(dtype="DTYPE_FLOAT64", shape=shape, data=bytes(8 * count) if data is None else data)
    inputs = [wire.Input(name="x", tensor=tensor)]
    return wire.DifferentiateRequest(id=request_id, expression=expression, inputs=inputs, **fields)


def many_request(expression, request_id, budget=None):
    message = wire.DifferentiateManyRequest(request=request(expression, request_id))
    if budget is not None:
        message.budget.FromNanoseconds(round(budget * 1e9))
    return message


def result(call):
    """The reply of a call that was begun with `future`."""
    return wire.DifferentiateResponse.FromString(call.result())


def refused(call, *arguments, **fields):
    """The error of a call, which must have one."""
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **fields)
    return caught.value


def free_ports(count):
    """Ports of the loopback interface on which nothing listens."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def details(error):
    """The details of an error by type: what the service sends beside the code."""
    trailing = dict(error.trailing_metadata())
    return status_details(status_pb2.Status.FromString(trailing["grpc-status-details-bin"]))


def status_details(status):
    details_by_type = {}
    for packed in status.details:
        for kind in (error_details_pb2.BadRequest, error_details_pb2.ErrorInfo, error_details_pb2.RetryInfo):
            if packed.Is(kind.DESCRIPTOR):
                details_by_type[kind.__name__] = kind.FromString(packed.value)
    return details_by_type
