"""The client's own reasons: one table, which its errors, its lines and its findings follow."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pullback
import pytest
from pullback.plain import json_text
from pullback.reasons import Reason

SOURCES = [path for path in Path(pullback.__file__).parent.rglob("*.py") if path.parent.name != "v1"]
TEXT = "\n".join(path.read_text() for path in SOURCES if path.name != "reasons.py")


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_is_given_somewhere(reason):
    assert re.search(rf"\bReason\.{reason.name}\b", TEXT)


def test_no_reason_is_given_beside_the_table():
    written = re.findall(r"""\b(?:reason=|GradeFinding\()["']([A-Z_]+)["']""", TEXT)
    examples = {"NO_WORKER", "SIGN"}
    assert set(written) <= examples


def test_a_reason_alone_brings_its_sentence():
    error = pullback.Unavailable(reason=Reason.STREAM_ENDED)
    assert (error.reason, error.message, str(error)) == ("STREAM_ENDED", *["the stream ended early"] * 2)
    assert json.loads(json_text(error))["error"]["reason"] == "STREAM_ENDED"
    assert str(pullback.GradeFinding.of(Reason.SIGN)) == "SIGN: the sign is wrong"


def test_a_more_precise_message_takes_the_place_of_the_sentence():
    error = pullback.InvalidRequest("there is no `y`", reason=Reason.UNKNOWN_INPUT, field="wrt")
    assert (error.reason, str(error)) == ("UNKNOWN_INPUT", "wrt: there is no `y`")


def test_a_reason_of_the_service_has_no_sentence_here():
    assert pullback.ResourceExhausted(reason="QUEUE_FULL").message == ""
