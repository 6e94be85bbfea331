"""The hostile corpus as gRPC calls: each line has an expression, inputs, and how the request is sent."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import ml_dtypes
import numpy as np
from google.rpc import error_details_pb2, status_pb2
from pullback.v1 import derivative_pb2 as wire
from pullback.v1 import tensor_pb2

Line = Mapping[str, Any]

LINES: list[Line] = [
    json.loads(line) for line in (Path(__file__).parent / "cases" / "hostile.jsonl").read_text().splitlines()
]
#: Requests that need a service of their own: one that is terminated, one with another limit.
OWN_SERVICE = ("sigterm_during_call", "limit")
CASES = [line for line in LINES if not any(key in line.get("request", {}) for key in OWN_SERVICE)]
DIFFERENTIATE = "/pullback.v1.DerivativeService/Differentiate"
#: A channel that sends each message once, of any size.
CHANNEL = [("grpc.enable_retries", 0), ("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]

DTYPES = {
    "FP16": np.float16, "BF16": ml_dtypes.bfloat16, "FP32": np.float32, "FP64": np.float64, "BOOL": np.bool_,
    "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "UINT8": np.uint8,
}  # fmt: skip
NAMES = {"FP16": "FLOAT16", "BF16": "BFLOAT16", "FP32": "FLOAT32", "FP64": "FLOAT64"}
UNKNOWN_DTYPE = 99


class Refused(Exception):
    """A status other than OK, with its reason and the shape that an upstream gradient would need."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__()
        self.code = error.code().name
        self.details = error.details()
        self.info = error_details_pb2.ErrorInfo()
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                for detail in status_pb2.Status.FromString(value).details:
                    detail.Unpack(self.info)


def outcome(channel: grpc.Channel, line: Line) -> tuple[str, str]:
    """The code and the reason of a line; one that only lacks an upstream gradient is sent again with ones."""
    request = line.get("request", {})
    message = message_of(line)
    body = body_of(line)
    for _ in range(1 + bool(request.get("same_request_id_twice"))):
        try:
            send(channel, body, request)
        except Refused as refused:
            if refused.info.reason != "UPSTREAM_REQUIRED" or "upstream" in line:
                return refused.code, refused.info.reason
            add_ones(message, refused.info.metadata["output_shape"])
            try:
                send(channel, message.SerializeToString(), request)
            except Refused as second:
                return second.code, second.info.reason
    return "OK", ""


def send(channel: grpc.Channel, body: bytes, request: Line) -> wire.DifferentiateResponse:
    """One call, sent as a line asks; raises Refused."""
    options: dict[str, Any] = {"timeout": request.get("deadline_s", 30)}
    if "metadata" in request:
        options["metadata"] = [tuple(pair) for pair in request["metadata"]]
    if "compression" in request:
        algorithms = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}
        options["compression"] = algorithms[request["compression"]]
    call = channel.unary_unary(DIFFERENTIATE).future(body, **options)
    if "cancel_after_s" in request:
        time.sleep(request["cancel_after_s"])
        call.cancel()
    try:
        answer = call.result()
    except grpc.FutureCancelledError:
        raise Refused(call) from None
    except grpc.RpcError as error:
        raise Refused(error) from None
    return wire.DifferentiateResponse.FromString(answer)


def body_of(line: Line) -> bytes:
    """The bytes of a line's request."""
    request = line.get("request", {})
    return bytes.fromhex(request["raw_wire_hex"]) if "raw_wire_hex" in request else message_of(line).SerializeToString()


def message_of(line: Line) -> wire.DifferentiateRequest:
    """The request of a line; where the line sets its size in bytes, they are in its first input."""
    inputs = [wire.Input(name=spec["name"], tensor=tensor(spec)) for spec in line["inputs"]]
    message = wire.DifferentiateRequest(expression=line["expression"], inputs=inputs)
    if "upstream" in line:
        message.upstream.CopyFrom(tensor(line["upstream"]))
    request = line.get("request", {})
    if size := request.get("decompressed_bytes") or request.get("wire_bytes"):
        message.inputs[0].tensor.data = bytes(size)
    return message


def add_ones(message: wire.DifferentiateRequest, shape: str) -> None:
    """Gives a request the upstream gradient of ones that it lacks."""
    lengths = [int(n) for n in shape.split(",") if n]
    dtype = next((i for i in message.inputs if i.tensor.dtype <= 4), message.inputs[0]).tensor.dtype
    kind = next(d for n, d in DTYPES.items() if tensor_pb2.Dtype.Value(f"DTYPE_{NAMES.get(n, n)}") == dtype)
    ones = np.ones(lengths, dtype=kind)
    message.upstream.CopyFrom(tensor_pb2.Tensor(dtype=dtype, shape=lengths, data=ones.tobytes()))


def tensor(spec: Line) -> tensor_pb2.Tensor:
    """The tensor of a line's input, malformed where the line asks for it."""
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


def _floats(data: Any) -> Any:
    if isinstance(data, list):
        return [_floats(entry) for entry in data]
    return float(data) if isinstance(data, str) else data
