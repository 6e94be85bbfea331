"""The cause of an entry's outcome: looked for where such causes come from, most specific first."""

from __future__ import annotations

import logging
from collections.abc import Callable

import mpmath as mp

from ..exact import OverBudget, Side
from ..exact.slopes import Slope
from ..kinks import Guard
from ..values import Cause, Diagnosis, Outcome
from .context import Witness, finite

log = logging.getLogger(__name__)

#: What a sum comes to, relative to its largest term, when its terms are said to cancel.
CANCELS = 1e-3

#: Operators whose value says which branch is taken.
COMPARISONS = ("gt", "ge", "lt", "le", "eq", "ne")

Found = Diagnosis | None


def diagnose(witness: Witness) -> Diagnosis:
    """Why the outcome at an entry is what it is; UNEXPLAINED where nothing that is known explains it."""
    try:
        for look in _LOOKS[witness.outcome]:
            found = look(witness)
            if found is not None:
                return found
    except OverBudget:
        pass
    except Exception:
        # The outcome stands without its cause; that none was found is a fault of ours, so it is logged.
        log.exception("a cause could not be looked for")
    who = {Outcome.SYMPY_DEVIATES: "the closed form", Outcome.TORCH_DEVIATES: "autograd"}
    told = who.get(witness.outcome, "this")
    return Diagnosis(Cause.UNEXPLAINED, f"Nothing that is known of the operators explains {told}.")


def _at(witness: Witness, cause: Cause, node: int, message: str) -> Diagnosis:
    place = witness.scene.place(node)
    return Diagnosis(cause, message, node, place.line, place.column, witness.scene.text(node))


# Where there is no value.


def _outside(w: Witness) -> Found:
    """The first node that has no value though its operands have."""
    for node in w.nodes():
        if not w.dead(node) and not finite(w.exactly(node)):
            return _outside_at(w, node)
    # The entry does not reach what has none: another entry spoils the value.
    for guard in w.scene.guards:
        if guard.kink is None:
            return _outside_at(w, guard.node)
    return Diagnosis(Cause.OUT_OF_DOMAIN, "The expression has no value here.")


def _outside_at(w: Witness, node: int) -> Diagnosis:
    domain = w.scene.row(node).domain
    wanted = f"; it is defined where {w.scene.condition(node, domain)}" if domain else ""
    return _at(w, Cause.OUT_OF_DOMAIN, node, f"`{w.scene.text(node)}` has no value here{wanted}.")


# Where there is no derivative.


def _jump(w: Witness) -> Found:
    if not (w.slopes.left.jump or w.slopes.right.jump):
        return None
    guard = _guard(w)
    if guard is None:
        return Diagnosis(Cause.JUMP, "The value jumps here.")
    return _at(
        w, Cause.JUMP, guard.node, f"The value jumps where `{w.scene.text(guard.node)}` changes{_rule(w, guard)}."
    )


def _edge(w: Witness) -> Found:
    sides = {"left": w.slopes.left, "right": w.slopes.right}
    undefined = [name for name, slope in sides.items() if slope.side is Side.UNDEFINED]
    steep = [name for name, slope in sides.items() if slope.side is Side.INFINITE]
    if not undefined and not steep:
        return None
    told = (f"has no value on the {undefined[0]}" if undefined else "is infinitely steep") + (
        f" and is infinitely steep on the {steep[0]}" if undefined and steep else ""
    )
    guard = _guard(w)
    if guard is None:
        return Diagnosis(Cause.DOMAIN_EDGE, f"The expression {told}.")
    return _at(w, Cause.DOMAIN_EDGE, guard.node, f"`{w.scene.text(guard.node)}` {told}{_rule(w, guard)}.")


def _kink(w: Witness) -> Found:
    guard = _guard(w)
    slopes = f"the slope is {_said(w.slopes.left)} on the left and {_said(w.slopes.right)} on the right"
    if guard is None:
        return Diagnosis(Cause.TIE, f"There is a kink: {slopes}.")
    return _at(w, Cause.TIE, guard.node, f"`{w.scene.text(guard.node)}` has a kink here: {slopes}{_rule(w, guard)}.")


def _said(slope: Slope) -> str:
    return f"{float(slope):.6g}" if slope.side is not Side.UNDEFINED else "undefined"


def _guard(w: Witness) -> Guard | None:
    """The guard that the entry is on: one that the output is made of, before those in branches that are not taken."""
    kinks = [g for g in w.on if g.kink is not None]
    taken = [g for g in kinks if not w.dead(g.node) or not w.scene.typed.types[g.node].dtype.floating]
    return next(iter(taken or kinks), None)


def _rule(w: Witness, guard: Guard) -> str:
    """torch's own rule for the operator, from the table."""
    if guard.kink is None:
        return ""
    row = w.scene.row(guard.node)
    if row.name in COMPARISONS:
        return "; autograd differentiates what is picked at equality"
    kink = row.kinks[guard.kink]
    return f"; where {w.scene.condition(guard.node, kink.where)}, autograd takes {kink.gives}"


# Where there is a derivative and a leg misses it.


def _overflow(w: Witness) -> Found:
    """The first node that is infinite in torch's arithmetic and not in truth."""
    for node in w.nodes():
        if not finite(w.by_torch(node)) and finite(w.exactly(node)):
            text = w.scene.text(node)
            if w.dead(node):
                message = f"`{text}` overflows in a branch that is not taken, and 0 times its infinite slope is nan."
                return _at(w, Cause.DEAD_BRANCH, node, message)
            message = f"`{text}` is out of the range of its dtype, though what becomes of it is not."
            return _at(w, Cause.OVERFLOW, node, message)
    return None


def _zero_times_infinity(w: Witness) -> Found:
    """The last node whose own gradient is finite while that of an operand is not: its derivative is infinite."""
    if mp.isfinite(w.autograd):
        return None
    for node in reversed(w.nodes()):
        if finite(w.gradient(node)) and not w.sent_back(node):
            text = w.scene.text(node)
            if _singular(w, node):
                return _singular_matrix(w)
            if w.dead(node):
                message = f"`{text}` has no finite slope in a branch that is not taken, and 0 times that is nan."
                return _at(w, Cause.DEAD_BRANCH, node, message)
            message = f"The slope of `{text}` is infinite here and is multiplied by 0; the product has a finite limit."
            return _at(w, Cause.ZERO_TIMES_INFINITY, node, message)
    return None


def _singular_matrix(w: Witness) -> Found:
    for node in w.nodes():
        if _singular(w, node):
            message = f"The matrix in `{w.scene.text(node)}` is singular, and autograd goes through its inverse."
            return _at(w, Cause.SINGULAR_MATRIX, node, message)
    return None


def _singular(w: Witness, node: int) -> bool:
    """Whether a node is a determinant that is 0 or a function of a matrix that is singular or has equal values."""
    row = w.scene.row(node)
    if row.name == "det":
        return any(v == 0 for v in w.exactly(node))
    return any(g.node == node and g.kink is not None and "(A)" in row.kinks[g.kink].where for g in w.scene.guards)


def _patch(w: Witness) -> Found:
    """A value that an equality picks out at a single point."""
    for guard in w.on:
        if guard.kink is not None and w.scene.row(guard.node).name in ("eq", "ne"):
            text = w.scene.text(guard.node)
            message = f"`{text}` picks out a single point; the legs differentiate what stands there and not around it."
            return _at(w, Cause.POINT_PATCH, guard.node, message)
    return None


def _tie(w: Witness) -> Found:
    guard = _guard(w)
    if guard is None:
        return None
    text = w.scene.text(guard.node)
    if not mp.isfinite(w.exact) and mp.isfinite(w.autograd):
        message = f"The closed form comes to 0 times infinity at `{text}`."
        return _at(w, Cause.ZERO_TIMES_INFINITY, guard.node, message)
    message = f"`{text}` has a kink here that the rest of the expression takes away{_rule(w, guard)}."
    return _at(w, Cause.TIE, guard.node, message)


def _cancellation(w: Witness) -> Found:
    """The first node that loses its digits in a sum whose terms are far larger."""
    lost = w.scene.unit**0.5
    for node in w.nodes():
        exact, found = w.exactly(node), w.by_torch(node)
        if not (finite(exact) and finite(found)):
            return None
        if any(abs(f - e) > lost * abs(e) for f, e in zip(found, exact, strict=True)):
            terms = [v for k in w.scene.apply(node).operands if k is not None for v in _all_at(w, k)]
            if terms and max(map(abs, exact)) <= CANCELS * max(map(abs, terms)):
                text = w.scene.text(node)
                return _at(w, Cause.CANCELLATION, node, f"The terms of `{text}` cancel, and their roundings are left.")
            return None
    return _cancelling_gradients(w)


def _cancelling_gradients(w: Witness) -> Found:
    """Gradients that arrive at one entry from several places and cancel there."""
    exact = w.slopes.derivative
    size = max((abs(g) for n in w.nodes() for g in w.gradient(n) if mp.isfinite(g)), default=0.0)
    if exact is None or not (abs(exact) <= CANCELS * size):
        return None
    return Diagnosis(Cause.CANCELLATION, "Parts of the derivative cancel here, and their roundings are left.")


def _all_at(w: Witness, operand: int) -> list[mp.mpf]:
    places = w.looked_at(operand)
    return (
        list(w.scene.values.at(operand, places)) if places.size else list(w.scene.values.whole(operand).reshape(-1)[:1])
    )


def _rounding(w: Witness) -> Found:
    """Nothing but roundings, or an approximation of torch's that is as good as one."""
    right = w.slopes.derivative
    if right is None or not mp.isfinite(w.autograd):
        return None
    if abs(w.autograd - right) > w.scene.unit**0.5 * max(abs(right), w.scene.unit):
        return None
    node = w.nodes()[-1] if len(w.nodes()) == 1 else None
    message = "Autograd's number is off by little more than roundings"
    if node is None:
        return Diagnosis(Cause.ROUNDING, f"{message}.")
    return _at(w, Cause.ROUNDING, node, f"{message}: torch approximates `{w.scene.text(node)}` here.")


def _rounded(w: Witness) -> Found:
    del w
    return Diagnosis(Cause.ROUNDING, "Roundings along the way are all that the number is off by.")


_MISSED: tuple[Callable[[Witness], Found], ...] = (
    _overflow, _zero_times_infinity, _singular_matrix, _patch, _tie, _cancellation, _rounding,
)  # fmt: skip

#: Where the cause of each outcome is looked for, in order.
_LOOKS: dict[Outcome, tuple[Callable[[Witness], Found], ...]] = {
    Outcome.UNDEFINED: (_outside,),
    Outcome.NOT_DIFFERENTIABLE: (_jump, _edge, _kink),
    Outcome.TORCH_DEVIATES: _MISSED,
    Outcome.BOTH_DEVIATE: _MISSED,
    Outcome.SYMPY_DEVIATES: (_patch, _tie, _singular_matrix),
    Outcome.PRECISION_LIMITED: (_cancellation, _rounded),
    Outcome.UNDECIDED: (),
    Outcome.AGREE: (),
}
