"""Dataclasses to messages and back, field by field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pullback
import pytest
from pullback.v1 import grading_pb2, verdict_pb2
from pullback.wire.codec import decoder, encode, names_of, words_of


def test_a_field_is_checked_by_its_type_on_the_wire_and_refused_by_its_path():
    message = encode(pullback.Policy(seed=np.int32(7), budget=None), grading_pb2.Policy, "policy", partial_credit=[])
    assert (message.seed, message.HasField("points"), message.HasField("budget")) == (7, False, False)
    assert not message.HasField("work")
    with pytest.raises(pullback.InvalidRequest) as caught:
        encode(pullback.Policy(points=2**31), grading_pb2.Policy, "policy", partial_credit=[], budget=None)
    assert (caught.value.field, caught.value.found) == ("policy.points", str(2**31))


def test_a_message_inside_another_is_encoded_beforehand():
    with pytest.raises(TypeError, match=r"policy\.budget"):
        encode(pullback.Policy(budget=1.0), grading_pb2.Policy, "policy", partial_credit=[])


def test_a_field_that_the_message_lacks_is_seen_when_the_decoder_is_built():
    @dataclass(frozen=True)
    class Slope:
        steepness: float

    with pytest.raises(KeyError, match="steepness"):
        decoder(Slope, verdict_pb2.Slope)
    slope_from = decoder(Slope, verdict_pb2.Slope, {Slope: {"steepness": lambda message: message.value}})
    assert slope_from(verdict_pb2.Slope(value=2.0)) == Slope(2.0)


def test_what_the_message_does_not_hold_is_none_and_what_is_unknown_is_unspecified():
    verdict = decoder(pullback.Verdict, verdict_pb2.Verdict)(verdict_pb2.Verdict(outcome=77))
    assert vars(verdict) == vars(pullback.Verdict(pullback.Outcome.UNSPECIFIED))


def test_words_are_those_of_the_contract():
    assert words_of(grading_pb2.Structure.DESCRIPTOR)["well conditioned"] == "STRUCTURE_WELL_CONDITIONED"
    assert names_of(verdict_pb2.SlopeKind.DESCRIPTOR)[1] == "FINITE"
