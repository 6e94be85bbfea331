"""A reply's arrays and formulas are decoded when they are looked at, and nothing else shows it."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict, fields, replace

import numpy as np
import pullback
import pytest
from pullback.v1 import derivative_pb2 as pb
from pullback.values.reply import Reply
from pullback.wire.messages import reply_from
from pullback.wire.tensors import tensor_of


def message(entries: int = 2) -> pb.DifferentiateResponse:
    ones = tensor_of(np.ones(entries))
    derivative = pb.Derivative(
        name="x", gradient=ones, jacobian={"text": "delta(i, p)", "entries": ["1"] * entries**2 if entries < 3 else []}
    )
    return pb.DifferentiateResponse(id="r", value=ones, derivatives=[derivative], device="cpu")


def decoded(reply: Reply) -> set[str]:
    return {field.name for field in fields(Reply)} & {*vars(reply)}


def test_only_the_value_is_decoded_before_it_is_looked_at():
    reply = reply_from(message())
    assert decoded(reply) == {"value"}
    assert reply.gradients is reply.gradients
    assert reply.agree is False
    assert decoded(reply) == {"value", "gradients", "verdicts"}


def test_what_was_looked_at_wholly_keeps_no_message():
    reply = reply_from(message())
    assert str(reply)
    for field in fields(Reply):
        getattr(reply, field.name)
    assert {*vars(reply)} == decoded(reply)


def test_a_large_reply_keeps_no_message_beside_its_arrays():
    reply = reply_from(message(10_000))
    assert {*vars(reply)} == decoded(reply) == {field.name for field in fields(Reply)}


@pytest.mark.parametrize(
    "made",
    [copy.copy, copy.deepcopy, lambda reply: pickle.loads(pickle.dumps(reply)), replace, lambda reply: reply],
    ids=["copied", "deeply copied", "pickled", "replaced", "as it is"],
)
def test_a_reply_is_like_one_made_of_its_fields(made):
    reply, eager = made(reply_from(message())), reply_from(message())
    eager = Reply(*(getattr(eager, field.name) for field in fields(Reply)))
    assert type(reply) is Reply
    assert str(reply) == str(eager)
    assert repr(reply).replace(repr(reply.jacobians), "") == repr(eager).replace(repr(eager.jacobians), "")
    assert asdict(reply)["gradients"]["x"].tolist() == [1.0, 1.0]
    assert reply.jacobians["x"].entries.shape == (2, 2)
    assert reply != eager
    with pytest.raises(AttributeError):
        reply.id = "other"
    with pytest.raises(AttributeError, match="gradient"):
        reply.gradient  # noqa: B018


def test_what_contradicts_itself_is_an_error_where_it_is_looked_at():
    odd = message()
    odd.derivatives[0].jacobian.entries.append("0")
    odd.derivatives[0].gradient.shape[0] = 3
    reply = reply_from(odd)
    assert reply.value.tolist() == [1.0, 1.0]
    for name in ("gradients", "jacobians"):
        with pytest.raises(pullback.InternalError):
            getattr(reply, name)
    odd.value.shape[0] = 3
    with pytest.raises(pullback.InternalError):
        reply_from(odd)
