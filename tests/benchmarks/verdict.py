"""What the verdict adds to the closed form: comparing every entry, looking for guards, examining suspects."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from pullback_server.symbolic import UPSTREAM, Derivation, evaluator
from pullback_server.verdict import Operand, Request

from .bounds import VERDICT
from .check import Check
from .expressions import EXPRESSIONS
from .pairs import Effort, Finding, interleave, ratio
from .servers import Servers

#: Entries of the input with kinks, and on how many of them it sits.
ENTRIES, KINKS = 10**6, 10


def verdict(_: Servers, effort: Effort) -> Iterator[Finding]:
    """The whole check over the evaluation of the same closed form: all is well, so nothing is examined."""
    for expression in EXPRESSIONS:
        checked = Check(expression.request())
        evaluate = evaluator(Derivation(checked.prepared.typed, checked.prepared.used).closed_form().plan)
        point = checked.inputs | {UPSTREAM: checked.upstream}
        contenders = checked, lambda evaluate=evaluate, point=point: evaluate(point)
        evaluated = interleave(*contenders, rounds=4 * effort.rounds, patience=effort.patience / 2)[1, :, 0]
        seconds = checked.seconds(len(evaluated))
        yield ratio(expression.name, "evaluating the closed form", seconds, evaluated, VERDICT)
    yield _kinks(effort)


def _kinks(effort: Effort) -> Finding:
    """The check with ten entries on kinks over the check with none."""
    x = torch.randn(ENTRIES, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    on = x.clone()
    on[:: ENTRIES // KINKS] = 0
    kinked, smooth = (
        Check(Request("sum(relu(x)*x + abs(x))", (Operand("x", tensor),), None, frozenset())) for tensor in (on, x)
    )
    rounds = interleave(kinked, smooth, rounds=4 * effort.rounds, patience=effort.patience).shape[1]
    last = kinked.verdicts[0]
    note = f"{last.examined} of {last.suspects} examined, {last.outcome.name}"
    what = f"{KINKS} of {ENTRIES:,} entries on kinks"
    return ratio(what, "none on kinks", kinked.seconds(rounds), smooth.seconds(rounds), note=note)
