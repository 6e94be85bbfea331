"""The cause of an entry's outcome, sought among the causes that such an outcome may have, most specific first."""

from __future__ import annotations

import logging
from collections.abc import Callable

import mpmath as mp

from ...program import OverBudget
from ..exact import SlopeKind
from ..exact.slopes import Slope
from ..kinks import Guard
from ..values import Cause, Diagnosis, Outcome
from .context import EntryContext, all_finite

log = logging.getLogger(__name__)

#: The terms of a sum cancel where the sum is no larger than this fraction of the largest term.
CANCELS = 1e-3

#: Operators whose value says which branch is taken.
COMPARISONS = ("gt", "ge", "lt", "le", "eq", "ne")

Search = Callable[[EntryContext], Diagnosis | None]


def diagnose(entry: EntryContext) -> Diagnosis:
    """Why the outcome at an entry is what it is; UNEXPLAINED where no known cause explains it."""
    try:
        for search in _SEARCHES[entry.outcome]:
            diagnosis = search(entry)
            if diagnosis is not None:
                return diagnosis
    except OverBudget:
        pass
    except Exception:
        # The outcome stands without its cause; that the search failed is a fault of ours, so it is logged.
        log.exception("the search for a cause failed")
    legs = {Outcome.SYMPY_DEVIATES: "the closed form's number", Outcome.TORCH_DEVIATES: "autograd's number"}
    subject = legs.get(entry.outcome, "this")
    return Diagnosis(Cause.UNEXPLAINED, f"Nothing that is known of the operators explains {subject}.")


def _at(entry: EntryContext, cause: Cause, node: int, message: str) -> Diagnosis:
    place = entry.context.place(node)
    return Diagnosis(cause, message, node, place.line, place.column, entry.context.text(node))


# Where there is no value.


def _outside(entry: EntryContext) -> Diagnosis | None:
    """The first node that has no value although its operands have."""
    for node in entry.nodes():
        if not entry.is_dead(node) and not all_finite(entry.exact_values(node)):
            return _outside_at(entry, node)
    # The entry does not reach the node without a value: another entry spoils the result.
    for guard in entry.context.guards:
        if guard.kink is None:
            return _outside_at(entry, guard.node)
    return Diagnosis(Cause.OUT_OF_DOMAIN, "The expression has no value here.")


def _outside_at(entry: EntryContext, node: int) -> Diagnosis:
    context, domain = entry.context, entry.context.row(node).domain
    hint = f"; it is defined where {context.condition(node, domain)}" if domain else ""
    return _at(entry, Cause.OUT_OF_DOMAIN, node, f"`{context.text(node)}` has no value here{hint}.")


# Where there is no derivative.


def _jump(entry: EntryContext) -> Diagnosis | None:
    if not (entry.slopes.left.jump or entry.slopes.right.jump):
        return None
    return _at_guard(entry, Cause.JUMP, "The value jumps where `{}` changes", "The value jumps here.")


def _edge(entry: EntryContext) -> Diagnosis | None:
    sides = {"left": entry.slopes.left, "right": entry.slopes.right}
    undefined = [name for name, slope in sides.items() if slope.kind is SlopeKind.UNDEFINED]
    steep = [name for name, slope in sides.items() if slope.kind is SlopeKind.INFINITE]
    if not undefined and not steep:
        return None
    predicate = f"has no value on the {undefined[0]}" if undefined else "is infinitely steep"
    if undefined and steep:
        predicate += f" and is infinitely steep on the {steep[0]}"
    return _at_guard(entry, Cause.DOMAIN_EDGE, f"`{{}}` {predicate}", f"The expression {predicate}.")


def _kink(entry: EntryContext) -> Diagnosis | None:
    left, right = map(_slope_text, (entry.slopes.left, entry.slopes.right))
    slopes = f"the slope is {left} on the left and {right} on the right"
    return _at_guard(entry, Cause.TIE, f"`{{}}` has a kink here: {slopes}", f"There is a kink: {slopes}.")


def _at_guard(entry: EntryContext, cause: Cause, message: str, without: str = "") -> Diagnosis:
    """The diagnosis at the guard that the entry is on, whose text `{}` stands for; `without` is that of no guard."""
    guard = _guard(entry)
    if guard is None:
        return Diagnosis(cause, without)
    return _at(entry, cause, guard.node, message.format(entry.context.text(guard.node)) + f"{_rule(entry, guard)}.")


def _slope_text(slope: Slope) -> str:
    return f"{float(slope):.6g}" if slope.kind is not SlopeKind.UNDEFINED else "undefined"


def _guard(entry: EntryContext) -> Guard | None:
    """The guard that the entry is on: one that the output depends on, before those in branches that are not taken."""
    kinks = [g for g in entry.guards if g.kink is not None]
    taken = [g for g in kinks if not entry.is_dead(g.node) or not entry.context.is_floating(g.node)]
    return next(iter(taken or kinks), None)


def _rule(entry: EntryContext, guard: Guard) -> str:
    """torch's own rule for the operator, from the table."""
    if guard.kink is None:
        return ""
    row = entry.context.row(guard.node)
    if row.name in COMPARISONS:
        return "; autograd differentiates the branch that is taken at equality"
    kink = row.kinks[guard.kink]
    return f"; where {entry.context.condition(guard.node, kink.where)}, autograd takes {kink.gives}"


# Where there is a derivative and a leg misses it.


def _overflow(entry: EntryContext) -> Diagnosis | None:
    """The first node whose value is infinite in torch's arithmetic and finite in many digits."""
    for node in entry.nodes():
        if not all_finite(entry.torch_values(node)) and all_finite(entry.exact_values(node)):
            text = entry.context.text(node)
            if entry.is_dead(node):
                message = f"`{text}` overflows in a branch that is not taken, and 0 times its infinite slope is nan."
                return _at(entry, Cause.DEAD_BRANCH, node, message)
            message = f"`{text}` is out of the range of its dtype, although the result is not."
            return _at(entry, Cause.OVERFLOW, node, message)
    return None


def _zero_times_infinity(entry: EntryContext) -> Diagnosis | None:
    """The last node whose gradient is finite while that of an operand is not: its derivative is infinite."""
    if mp.isfinite(entry.autograd):
        return None
    for node in reversed(entry.nodes()):
        if all_finite(entry.gradient(node)) and not entry.sends_back_finite(node):
            text = entry.context.text(node)
            if _singular(entry, node):
                return _singular_matrix(entry)
            if entry.is_dead(node):
                message = f"`{text}` has no finite slope in a branch that is not taken, and 0 times that is nan."
                return _at(entry, Cause.DEAD_BRANCH, node, message)
            message = f"The slope of `{text}` is infinite here and is multiplied by 0; the product has a finite limit."
            return _at(entry, Cause.ZERO_TIMES_INFINITY, node, message)
    return None


def _singular_matrix(entry: EntryContext) -> Diagnosis | None:
    for node in entry.nodes():
        if _singular(entry, node):
            message = f"The matrix in `{entry.context.text(node)}` is singular, and autograd multiplies by its inverse."
            return _at(entry, Cause.SINGULAR_MATRIX, node, message)
    return None


def _singular(entry: EntryContext, node: int) -> bool:
    """Whether a node is a determinant that is 0, or a function of a matrix that is singular or has equal values."""
    row = entry.context.row(node)
    if row.name == "det":
        return any(v == 0 for v in entry.exact_values(node))
    kinks = (row.kinks[g.kink].where for g in entry.context.guards if g.node == node and g.kink is not None)
    return any("(A)" in where for where in kinks)


def _patch(entry: EntryContext) -> Diagnosis | None:
    """A value that an equality gives at a single point."""
    for guard in entry.guards:
        if guard.kink is not None and entry.context.row(guard.node).name in ("eq", "ne"):
            message = f"`{entry.context.text(guard.node)}` picks out a single point; the legs differentiate the branch"
            return _at(entry, Cause.POINT_PATCH, guard.node, f"{message} at that point and not the one around it.")
    return None


def _tie(entry: EntryContext) -> Diagnosis | None:
    guard = _guard(entry)
    if guard is None:
        return None
    if not mp.isfinite(entry.exact) and mp.isfinite(entry.autograd):
        message = f"The closed form is 0 times infinity at `{entry.context.text(guard.node)}`."
        return _at(entry, Cause.ZERO_TIMES_INFINITY, guard.node, message)
    return _at_guard(entry, Cause.TIE, "`{}` has a kink here that the rest of the expression takes away")


def _cancellation(entry: EntryContext) -> Diagnosis | None:
    """The first node that loses its digits in a sum whose terms are far larger."""
    lost = entry.context.estimates.unit**0.5
    for node in entry.nodes():
        exact, computed = entry.exact_values(node), entry.torch_values(node)
        if not (all_finite(exact) and all_finite(computed)):
            return None
        if any(abs(c - e) > lost * abs(e) for c, e in zip(computed, exact, strict=True)):
            operands = (k for k in entry.context.apply(node).operands if k is not None)
            terms = [v for k in operands for v in _operand_entries(entry, k)]
            if terms and max(map(abs, exact)) <= CANCELS * max(map(abs, terms)):
                message = f"The terms of `{entry.context.text(node)}` cancel, and their roundings remain."
                return _at(entry, Cause.CANCELLATION, node, message)
            return None
    return _cancelling_gradients(entry)


def _cancelling_gradients(entry: EntryContext) -> Diagnosis | None:
    """Gradients that arrive at one entry from several nodes and cancel there."""
    exact = entry.slopes.derivative
    size = max((abs(g) for n in entry.nodes() for g in entry.gradient(n) if mp.isfinite(g)), default=0.0)
    if exact is None or not (abs(exact) <= CANCELS * size):
        return None
    return Diagnosis(Cause.CANCELLATION, "Parts of the derivative cancel here, and their roundings remain.")


def _operand_entries(entry: EntryContext, operand: int) -> list[mp.mpf]:
    values, places = entry.context.values, entry.places(operand)
    return list(values.at(operand, places) if places.size else values.whole(operand).reshape(-1)[:1])


def _rounding(entry: EntryContext) -> Diagnosis | None:
    """Nothing but roundings, or an approximation of torch's whose error is as small as one."""
    right, unit = entry.slopes.derivative, entry.context.estimates.unit
    if right is None or not mp.isfinite(entry.autograd):
        return None
    if abs(entry.autograd - right) > unit**0.5 * max(abs(right), unit):
        return None
    node = entry.nodes()[-1] if len(entry.nodes()) == 1 else None
    message = "Autograd's number is off by little more than roundings"
    if node is None:
        return Diagnosis(Cause.ROUNDING, f"{message}.")
    return _at(entry, Cause.ROUNDING, node, f"{message}: torch approximates `{entry.context.text(node)}` here.")


def _only_roundings(_: EntryContext) -> Diagnosis:
    return Diagnosis(Cause.ROUNDING, "The number is off by nothing but roundings on the way.")


_MISSED: tuple[Search, ...] = (
    _overflow, _zero_times_infinity, _singular_matrix, _patch, _tie, _cancellation, _rounding,
)  # fmt: skip

#: Where the cause of each outcome is sought, in order.
_SEARCHES: dict[Outcome, tuple[Search, ...]] = {
    Outcome.UNDEFINED: (_outside,),
    Outcome.NOT_DIFFERENTIABLE: (_jump, _edge, _kink),
    Outcome.TORCH_DEVIATES: _MISSED,
    Outcome.BOTH_DEVIATE: _MISSED,
    Outcome.SYMPY_DEVIATES: (_patch, _tie, _singular_matrix),
    Outcome.PRECISION_LIMITED: (_cancellation, _only_roundings),
    Outcome.UNDECIDED: (),
    Outcome.AGREE: (),
}
