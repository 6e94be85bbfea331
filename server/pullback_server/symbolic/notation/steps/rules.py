"""The rules that a derivation follows, each in a few words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sympy as sp

from ....index_notation.expressions import Entry
from ....index_notation.functions import CONDITIONS, where
from ....index_notation.index_program import Definition
from ...differentiation.derivatives import Partial
from ...primitives import MATRIX_FUNCTIONS, REDUCTIONS, MatrixRow, ReductionRow
from ..index_form.printers import text

TERMS = "a sum of terms is differentiated term by term"
FACTOR, PRODUCT = "other factors stay", "the product rule"
PLAIN = (TERMS, FACTOR, PRODUCT)
CHOICE, CHAIN = "a choice passes the gradient to the branch that is taken", "the chain rule joins them"
COPY = "the entry itself"
#: By the kind of a definition.
PRIMITIVES: Mapping[str, ReductionRow | MatrixRow] = {**REDUCTIONS, **MATRIX_FUNCTIONS}


def forward_rule(definition: Definition, kinds: Mapping[str, str]) -> str:
    """What a definition is; `kinds` are those of all definitions, by name."""
    body = definition.body
    if definition.kind == "sum" and isinstance(body, sp.Mul) and len({e.name for e in body.atoms(Entry)}) > 1:
        return "a sum of products"
    if isinstance(body, sp.exp) and any(kinds.get(e.name) == "logsumexp" for e in body.atoms(Entry)):
        return "softmax, by the log-sum-exp before it"
    return PRIMITIVES[definition.kind].meaning if definition.kind else "entry by entry"


def derivative_rule(definition: Definition, partial: Partial) -> str:
    """How a definition is differentiated with respect to one entry in it."""
    rules = dict.fromkeys(_rules(definition.body, partial.of))
    if isinstance(definition.body, sp.Add):
        rules = {TERMS: None} | rules
    nested = sum(rule not in (*PLAIN, CHOICE) for rule in rules) + (definition.kind not in ("", "sum")) > 1
    outer = PRIMITIVES[definition.kind].rule if definition.kind else ""
    return "; ".join(filter(None, (outer, *rules, CHAIN if nested else ""))) or COPY


def backward_rule(through: list[str]) -> str:
    """How a gradient is computed: back through the tensors of these names."""
    if len(through) == 1:
        return f"the chain rule through {through[0]}"
    return f"the sum of what comes back through {', '.join(through[:-1])} and {through[-1]}" if through else ""


def _rules(e: sp.Expr, of: Entry) -> Iterator[str]:
    """The rules from the outermost function inwards."""
    if isinstance(e, Entry) or not e.has(of) or isinstance(e, CONDITIONS):
        return
    match e:
        case sp.Add():
            pass
        case sp.Mul():
            yield PRODUCT if sum(a.has(of) for a in e.args) > 1 else FACTOR
        case sp.Function() if isinstance(e, where):
            yield CHOICE
        case sp.Function() | sp.Pow():
            yield _function_rule(e, of)
    for argument in e.args:
        yield from _rules(argument, of)


def _function_rule(e: sp.Expr, of: Entry) -> str:
    """`tanh(u) has the derivative 1 - tanh(u)**2`: u stands for what depends on the entry, w for what does not."""
    u = sp.Symbol("u", real=True)
    others = iter(sp.symbols("w x y z", real=True))
    moving = next(a for a in e.args if a.has(of))
    general = e.func(*(u if a == moving else a if a.is_number else next(others) for a in e.args))
    return f"{text(general)} has the derivative {text(general.diff(u))}"
