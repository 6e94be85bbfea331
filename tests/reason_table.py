"""Every reason as callers see it, by its name: what the language and the contract refuse, and the failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pullback_server.program import Reason
from pullback_server.service.protocol.errors import Code, FailureReason


@dataclass(frozen=True)
class ReasonRow:
    """A reason as callers see it; `retry_after` is in seconds, None where a retry is of no use."""

    name: str
    code: Code
    retry_after: float | None
    sentence: str


#: First what the language and the contract refuse, which never succeeds, then failures.
REASONS: Mapping[str, ReasonRow] = {
    **{reason.name: ReasonRow(reason.name, Code.INVALID_ARGUMENT, None, reason.value) for reason in Reason},
    **{r.name: ReasonRow(r.name, r.code, r.retry_after, r.sentence) for r in FailureReason},
}
