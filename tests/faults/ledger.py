"""The account of a run: every request, its one final status, and whatever should not have been."""

from __future__ import annotations

from collections import Counter

import grpc
from google.rpc import error_details_pb2, status_pb2

from tests.reason_table import REASONS

from .questions import Question

#: The status that a hurried caller's own client gives it, without a reason.
CLIENT_SIDE = "DEADLINE_EXCEEDED"
#: Reasons that must not occur here: nothing drains, and no client has a token.
NEVER = {"DRAINING", "NO_TOKEN", "UNKNOWN_TOKEN", "SEVERAL_TOKENS"}


class Ledger:
    """Every request by its id, open until it has its final status, and the violations that were found."""

    def __init__(self) -> None:
        self.open: dict[str, Question] = {}
        self.statuses: dict[str, Counter[str]] = {}
        self.latencies: list[float] = []
        self.right = 0
        self.violations: list[str] = []

    def ask(self, question: Question) -> None:
        """A request that is about to be sent."""
        self.open[question.message.id] = question

    def answer(self, client: str, identity: str, body: bytes, seconds: float) -> None:
        """A reply of status OK."""
        question = self._close(client, identity, "OK")
        if question is None:
            return
        self.latencies.append(seconds)
        wrong = question.fault_of(body)
        if wrong:
            self.violations.append(wrong)
        else:
            self.right += 1

    def refuse(self, client: str, identity: str, code: str, reason: str, *, connected: bool) -> None:
        """A status that is not OK; `connected` says that the caller did not go away and its connection was let be."""
        question = self._close(client, identity, f"{code} {reason}".strip())
        if question is None:
            return
        if code == "INVALID_ARGUMENT" and question.right is not None:
            self.violations.append(f"{question.message.expression} was refused: {reason}")
        elif reason in NEVER or not (
            documented(code, reason) or (not reason and (code == CLIENT_SIDE or not connected))
        ):
            self.violations.append(f"a {client} got {code} {reason or 'without a reason'}")

    def _close(self, client: str, identity: str, status: str) -> Question | None:
        question = self.open.pop(identity, None)
        if question is None:
            self.violations.append(f"{identity} has a second final status, {status}")
            return None
        self.statuses.setdefault(client, Counter())[status] += 1
        return question


def documented(code: str, reason: str) -> bool:
    """Whether the service's table of reasons has that reason with that status."""
    return reason in REASONS and REASONS[reason].code.name == code


def code_and_reason(error: grpc.RpcError) -> tuple[str, str]:
    """The status of a failed call, and the reason that the service gave, empty where it gave none."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            return error.code().name, reason_of(status_pb2.Status.FromString(value))
    return error.code().name, ""


def reason_of(status: status_pb2.Status) -> str:
    """The reason in a status's details."""
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info):
            return info.reason
    return ""
