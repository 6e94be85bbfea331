"""Large tensors travel beside their message, and whoever reads the message cannot tell."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pullback.v1 import derivative_pb2 as wire
from pullback.v1 import tensor_pb2
from pullback_server.numeric import DTYPES
from pullback_server.program import Limits, Refusal
from pullback_server.service.protocol import envelope
from pullback_server.service.protocol.channel import Pieces
from pullback_server.service.wire import attachments
from pullback_server.service.wire.tensors import from_wire, to_wire

LARGE = attachments.LARGE
SIZES = [0, 1, LARGE, LARGE + 1, 300_000]
KINDS = (wire.DifferentiateRequest, wire.DifferentiateManyRequest)


def tensor(size):
    return tensor_pb2.Tensor(dtype="DTYPE_UINT8", shape=[size], data=np.arange(size, dtype=np.uint8).tobytes())


def request(*sizes, upstream=None):
    inputs = [wire.Input(name=f"x{k}", tensor=tensor(size)) for k, size in enumerate(sizes)]
    message = wire.DifferentiateRequest(id="r", expression="x", inputs=inputs)
    if upstream is not None:
        message.upstream.CopyFrom(tensor(upstream))
    return message


def whole(body):
    return b"".join(body.pieces) if isinstance(body, Pieces) else body


@pytest.mark.parametrize("sizes", [(size, other) for size in SIZES for other in SIZES], ids=str)
def test_a_request_is_the_same_with_its_tensors_apart(sizes):
    message = request(*sizes, upstream=sizes[0])
    for kind, sent in zip(KINDS, (message, wire.DifferentiateManyRequest(request=message)), strict=True):
        split = attachments.split(kind, memoryview(sent.SerializeToString()))
        split = getattr(split, "request", split)
        assert split.ByteSize() < 2 * LARGE + 300 if max(sizes) > LARGE else split == message
        for sent_input, read in zip(message.inputs, split.inputs, strict=True):
            assert from_wire(read.tensor, "x", Limits()).numpy().tobytes() == sent_input.tensor.data
        assert from_wire(split.upstream, "x", Limits()).numpy().tobytes() == message.upstream.data


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
@pytest.mark.parametrize("shape", [(), (3, 0), (7,), (300, 400), (400, 300)[::-1]], ids=str)
def test_a_reply_is_the_same_with_its_tensors_apart(dtype, shape):
    value = torch.randint(0, 2, shape).to(dtype)
    for written in (value, value.mT if len(shape) > 1 else value):
        message = wire.DifferentiateResponse(id="r", value=to_wire(written))
        for _ in range(2):
            message.derivatives.add(name="x", gradient=to_wire(written))
        body = attachments.join(message.SerializeToString())
        assert isinstance(body, Pieces) == (written.nbytes > LARGE)
        assert len(body) == len(whole(body))
        for body_of_stream in (body, envelope.stream_response("r", envelope.RESPONSE, body)):
            read = whole(body_of_stream)
            if body_of_stream is not body:
                read = wire.DifferentiateManyResponse.FromString(read).response.SerializeToString()
            reply = wire.DifferentiateResponse.FromString(read)
            for part in (reply.value, *(derivative.gradient for derivative in reply.derivatives)):
                assert torch.equal(from_wire(part, "x", Limits()), written)
            assert [derivative.name for derivative in reply.derivatives] == ["x", "x"]


def test_a_reply_of_very_many_fields_has_all_its_tensors():
    large = torch.arange(LARGE, dtype=torch.float64)
    message = wire.DifferentiateResponse(id="r")
    for k in range(2 * envelope.FIELDS):
        message.derivatives.add(name=f"x{k}")
    message.derivatives.add(name="last", gradient=to_wire(large))
    reply = wire.DifferentiateResponse.FromString(whole(attachments.join(message.SerializeToString())))
    assert torch.equal(from_wire(reply.derivatives[-1].gradient, "x", Limits()), large)


def test_a_request_of_very_many_fields_is_read_too():
    message = request(300_000, *[1] * 2 * envelope.FIELDS, 300_000)
    split = attachments.split(wire.DifferentiateRequest, message.SerializeToString())
    for sent_input, read in zip(message.inputs, split.inputs, strict=True):
        assert from_wire(read.tensor, "x", Limits()).numpy().tobytes() == sent_input.tensor.data


def test_a_field_that_comes_twice_counts_the_last_time():
    first, last = tensor(300_000), tensor(200_000)
    body = request(upstream=300_000).SerializeToString() + request(upstream=200_000).SerializeToString()
    upstream = attachments.split(wire.DifferentiateRequest, body).upstream
    assert attachments.detach(upstream.data) == last.data != first.data


def test_a_token_of_an_earlier_request_stands_for_nothing():
    token = attachments.attach(memoryview(b"of another"))
    message = request(300_000)
    message.upstream.data = token
    split = attachments.split(wire.DifferentiateRequest, message.SerializeToString())
    assert attachments.detach(split.upstream.data) == token


@given(st.binary(max_size=40), st.integers(0, 400))
def test_no_bytes_make_the_split_fail_otherwise_than_by_a_refusal(noise, place):
    body = bytearray(request(2 * LARGE, 10, upstream=2 * LARGE).SerializeToString())
    body[place : place + len(noise)] = noise
    try:
        whole_message = wire.DifferentiateRequest.FromString(bytes(body))
    except Exception:
        with pytest.raises(Refusal):
            attachments.split(wire.DifferentiateRequest, bytes(body))
        return
    split = attachments.split(wire.DifferentiateRequest, bytes(body))
    assert [i.tensor.shape for i in split.inputs] == [i.tensor.shape for i in whole_message.inputs]
    for one, other in zip(split.inputs, whole_message.inputs, strict=True):
        assert bytes(attachments.detach(one.tensor.data)) == other.tensor.data
