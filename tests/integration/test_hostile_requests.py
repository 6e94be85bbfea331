"""Every line of the hostile corpus, sent as its README says, is answered with a code that the line allows."""

import json
import math
from pathlib import Path

import grpc
import ml_dtypes
import numpy as np
import pullback
import pytest
from google.rpc import error_details_pb2, status_pb2
from pullback.v1 import derivative_pb2 as wire
from pullback.v1 import tensor_pb2

LINES = [json.loads(line) for line in (Path(__file__).parents[1] / "cases" / "hostile.jsonl").read_text().splitlines()]
DTYPES = {
    "FP16": np.float16, "BF16": ml_dtypes.bfloat16, "FP32": np.float32, "FP64": np.float64, "BOOL": np.bool_,
    "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "UINT8": np.uint8,
}  # fmt: skip
NAMES = {"FP16": "FLOAT16", "BF16": "BFLOAT16", "FP32": "FLOAT32", "FP64": "FLOAT64"}
#: Ways of sending that end the service, race with it, or need what it does not have yet: drain, cancellation and
#: deadlines are in test_service_life.py and test_service_calls.py; tokens and limits of compressed bodies come later.
ELSEWHERE = ("sigterm_during_call", "cancel_after_s", "metadata", "compression", "limit")
CASES = [
    case
    for case in LINES
    if not any(key in case.get("request", {}) for key in ELSEWHERE)
    and case.get("request", {}).get("deadline_s", 1) != 0.001
]
UNKNOWN_DTYPE = 99


@pytest.fixture(scope="module")
def channel():
    with (
        pullback.local("--workers", "2") as client,
        grpc.insecure_channel(client.target, options=[("grpc.enable_retries", 0)]) as channel,
    ):
        yield channel


def tensor(spec):
    dtype, shape = spec["dtype"], spec["shape"]
    number = tensor_pb2.Dtype.Value(f"DTYPE_{NAMES.get(dtype, dtype)}") if dtype in DTYPES else UNKNOWN_DTYPE
    if "raw_hex" in spec:
        data = bytes.fromhex(spec["raw_hex"])
    elif "raw_bytes" in spec:
        data = bytes(spec["raw_bytes"])
    elif dtype not in DTYPES:
        data = np.asarray(spec.get("data", []), dtype=np.float64).tobytes()
    elif "data" in spec:
        data = np.array(_floats(spec["data"])).astype(DTYPES[dtype]).tobytes()
    elif min(shape, default=1) < 0 or math.prod(shape) > 10**7:
        data = b""
    else:
        data = np.random.default_rng(0).standard_normal(shape).astype(DTYPES[dtype]).tobytes()
    return tensor_pb2.Tensor(dtype=number, shape=shape, data=data)


def _floats(data):
    if isinstance(data, list):
        return [_floats(entry) for entry in data]
    return float(data) if isinstance(data, str) else data


def request(case):
    inputs = [wire.Input(name=spec["name"], tensor=tensor(spec)) for spec in case["inputs"]]
    message = wire.DifferentiateRequest(expression=case["expression"], inputs=inputs)
    if "upstream" in case:
        message.upstream.CopyFrom(tensor(case["upstream"]))
    return message


class Refused(Exception):
    """A status other than OK, with its reason and the shape that an upstream gradient would need."""

    def __init__(self, error):
        self.code = error.code().name
        self.info = error_details_pb2.ErrorInfo()
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                for detail in status_pb2.Status.FromString(value).details:
                    detail.Unpack(self.info)


def send(channel, body, timeout=30):
    try:
        answer = channel.unary_unary("/pullback.v1.DerivativeService/Differentiate")(body, timeout=timeout)
    except grpc.RpcError as error:
        raise Refused(error) from None
    return wire.DifferentiateResponse.FromString(answer)


def outcome(channel, case):
    """The code and the reason of a case; one that only lacks an upstream gradient is sent again with ones."""
    how = case.get("request", {})
    if "raw_wire_hex" in how:
        body = bytes.fromhex(how["raw_wire_hex"])
    else:
        message = request(case)
        body = message.SerializeToString()
    timeout = how.get("deadline_s", 30)
    try:
        for _ in range(1 + bool(how.get("same_request_id_twice"))):
            try:
                send(channel, body, timeout)
            except Refused as refused:
                if refused.info.reason != "UPSTREAM_REQUIRED" or "upstream" in case:
                    raise
                shape = [int(n) for n in refused.info.metadata["output_shape"].split(",") if n]
                first = next((i for i in message.inputs if i.tensor.dtype <= 4), message.inputs[0]).tensor.dtype
                kind = next(d for n, d in DTYPES.items() if tensor_pb2.Dtype.Value(f"DTYPE_{NAMES.get(n, n)}") == first)
                ones = np.ones(shape, dtype=kind)
                message.upstream.CopyFrom(tensor_pb2.Tensor(dtype=first, shape=shape, data=ones.tobytes()))
                send(channel, message.SerializeToString(), timeout)
    except Refused as refused:
        return refused.code, refused.info.reason
    return "OK", ""


@pytest.mark.parametrize("case", CASES, ids=[f"{c['group']}-{k}" for k, c in enumerate(CASES)])
def test_each_line_is_answered_with_a_code_that_it_allows(channel, case):
    code, reason = outcome(channel, case)
    assert code in case["expected_code"].split("|"), reason


def test_only_lines_about_the_transport_are_tested_elsewhere():
    elsewhere = [line for line in LINES if line not in CASES]
    assert {line["group"] for line in elsewhere} == {"transport"}
    assert len(elsewhere) <= 8


def test_after_all_of_them_an_ordinary_request_is_answered(channel):
    x = tensor_pb2.Tensor(dtype=tensor_pb2.DTYPE_FLOAT64, data=np.float64(3).tobytes())
    message = wire.DifferentiateRequest(expression="x**2", inputs=[wire.Input(name="x", tensor=x)])
    reply = send(channel, message.SerializeToString())
    assert np.frombuffer(reply.derivatives[0].gradient.data) == 6
