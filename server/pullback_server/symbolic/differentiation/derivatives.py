"""The derivative of each piece by sympy, and the upstream gradient flowing inwards from piece to piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp

from ...index_notation.expressions import Entry
from ...index_notation.functions import equal, where
from ...index_notation.index_program import Piece, Pieces, larger
from ...index_notation.recognition import Recogniser
from ...index_notation.terms import Term, contract, merge, split, taken_out
from ...operators import NoClosedForm
from .matrix_functions import DERIVATIVES
from .partition import Cut


@dataclass(frozen=True)
class Partial:
    """The derivative of a piece's summand with respect to one entry in it, `of`, before the sum over `bound`."""

    of: Entry
    value: sp.Expr


@dataclass(frozen=True)
class Differentiated:
    """The pieces in forward order with the partial derivatives of each, and the pieces that the partials use."""

    cut: Cut
    forward: tuple[Piece, ...]
    partials: dict[str, tuple[Partial, ...]]

    @property
    def output(self) -> Piece:
        """The piece that is the program's output."""
        return self.cut.pieces.list[-1]


def differentiate(cut: Cut) -> Differentiated:
    """Every piece differentiated by sympy with respect to every entry in its body."""
    recognise = Recogniser(cut.pieces.list)
    forward: list[Piece] = []
    partials: dict[str, tuple[Partial, ...]] = {}
    for piece in cut.pieces.list:
        forward.append(piece)
        outer, extra = _outer(piece, cut.pieces)
        forward += extra
        partials[piece.name] = tuple(
            Partial(entry, recognise(_chained(outer, _real(inner))))
            for entry, inner in _inner(piece.body)
            if inner != 0 and entry.name != piece.stationary
        )
    return Differentiated(cut, tuple(forward), partials)


def _inner(body: sp.Expr) -> Iterator[tuple[Entry, sp.Expr]]:
    """sympy's derivative of a scalar expression with respect to each entry in it."""
    entries = sorted(body.atoms(Entry), key=str)
    stand_in = {entry: sp.Dummy(f"d{number}", real=True) for number, entry in enumerate(entries)}
    back = {dummy: entry for entry, dummy in stand_in.items()}
    scalar = body.xreplace(stand_in)
    for entry, dummy in stand_in.items():
        yield entry, scalar.diff(dummy).xreplace(back)


def _real(derivative: sp.Expr) -> sp.Expr:
    if derivative.has(sp.zoo, sp.nan, sp.I):
        raise NoClosedForm("the derivative leaves the real numbers here, so it has no closed form")
    return derivative


def _chained(outer: sp.Expr, inner: sp.Expr) -> sp.Expr:
    """The product; it is 0 where a mask of indices makes the inner one 0, whatever the outer one is there."""
    if outer != 1 and isinstance(inner, where) and inner.args[2] == 0 and not inner.args[0].has(Entry):
        return where(inner.args[0], outer * inner.args[1], 0)
    return outer * inner


def _unmasked(body: sp.Expr) -> sp.Expr:
    """An entry of a log-sum-exp without the mask that leaves others out, which its inner derivative has too."""
    return body.args[1] if isinstance(body, where) and body.args[2] == -sp.oo else body


def _outer(piece: Piece, pieces: Pieces) -> tuple[sp.Expr, tuple[Piece, ...]]:
    """The derivative of a reduction with respect to one of its summands, and pieces that it needs."""
    value = Entry(piece.name, *piece.axes)
    match piece.kind:
        case "" | "sum":
            return sp.S.One, ()
        case "logsumexp":
            return sp.exp(_unmasked(piece.body) - value), ()
        case "max" | "min":
            # Entries that tie share the derivative evenly, as autograd has it.
            ties = Piece(f"{piece.name}#", piece.axes, equal(piece.body, value), "sum", piece.bound)
            return equal(piece.body, value) / Entry(ties.name, *ties.axes), (ties,)
        case "prod":
            others = Piece(f"{piece.name}#", (*piece.axes, *piece.bound), piece.body, "others", piece.bound)
            return Entry(others.name, *others.axes), (others,)
        case function:
            return DERIVATIVES[function](piece, pieces)


#: The name of the upstream gradient in plans; gradients that flow into a tensor have its name after this sign.
UPSTREAM = "^"


def backward(found: Differentiated, wrt: tuple[str, ...]) -> dict[str, Piece]:
    """The gradients, as pieces named `^` and the tensor's name: output first, each from those before it.

    The upstream gradient itself is `^`. An input that the output does not depend on is absent.
    """
    pieces = found.cut.pieces
    axes = {piece.name: piece.axes for piece in found.forward} | {n: x.free for n, x in found.cut.inputs.items()}
    useful = _depend_on(found, wrt)
    incoming: dict[str, list[tuple[tuple[sp.Symbol, ...], Term]]] = {}
    gradients: dict[str, Piece] = {}
    for piece in reversed(pieces.list):
        if piece.name not in useful:
            continue
        if piece is not found.output:
            if piece.name not in incoming:
                continue
            gradients[UPSTREAM + piece.name] = _collected(piece.name, piece.axes, incoming[piece.name], pieces)
        flowing = Entry(UPSTREAM if piece is found.output else UPSTREAM + piece.name, *piece.axes)
        for partial in found.partials[piece.name]:
            if partial.of.name in useful:
                target = tuple(pieces.index(a) for a in axes[partial.of.name])
                deltas = tuple(zip(partial.of.indices, target, strict=True))
                for term in split(flowing * partial.value):
                    bound = piece.axes + piece.bound + term.bound
                    whole = Term(term.coefficient, term.deltas + deltas, bound)
                    incoming.setdefault(partial.of.name, []).append((target, contract(whole, pieces)))
    for name in wrt:
        if name in incoming:
            gradients[UPSTREAM + name] = _collected(name, axes[name], incoming[name], pieces)
    return gradients


def _collected(
    name: str, axes: tuple[sp.Symbol, ...], arrived: list[tuple[tuple[sp.Symbol, ...], Term]], pieces: Pieces
) -> Piece:
    own = tuple(pieces.index(a) for a in axes)
    terms = [term.at(dict(zip(target, own, strict=True))) for target, term in arrived]
    return Piece(UPSTREAM + name, own, taken_out(sp.Add(*(t.expression for t in merge(terms, pieces)))))


def _depend_on(found: Differentiated, wrt: tuple[str, ...]) -> set[str]:
    """The names of the inputs and of every piece that depends on one of them."""
    useful = set(wrt)
    for piece in found.cut.pieces.list:
        if any(partial.of.name in useful for partial in found.partials[piece.name]):
            useful.add(piece.name)
    return useful


#: A Jacobian of more terms than this, or with a term of more nodes or sums, is not written: nobody reads it.
TERMS, NODES, SUMS = 64, 1500, 24


def jacobian(found: Differentiated, name: str) -> tuple[tuple[sp.Symbol, ...], tuple[Term, ...]] | None:
    """The output's derivative by one input as terms in (output's axes, the fresh axes that are returned, first).

    None where it is too long.
    """
    pieces = found.cut.pieces
    axes = {piece.name: piece.axes for piece in found.forward} | {n: x.free for n, x in found.cut.inputs.items()}
    by = tuple(pieces.index(a) for a in axes[name])
    known: dict[str, tuple[Term, ...]] = {name: (Term(sp.S.One, tuple(zip(axes[name], by, strict=True))),)}
    for piece in pieces.list:
        terms: list[Term] = []
        for partial in found.partials[piece.name]:
            for inner in known.get(partial.of.name, ()):
                at = dict(zip(axes[partial.of.name], partial.of.indices, strict=True))
                fresh = {k: pieces.index(k) for k in inner.bound}
                moved = Term(inner.coefficient, inner.deltas).at(fresh).at(at)
                for term in split(partial.value * moved.coefficient):
                    outer = piece.bound if piece.kind != "others" else ()
                    bound = (*outer, *fresh.values(), *term.bound)
                    terms.append(contract(Term(term.coefficient, term.deltas + moved.deltas, bound), pieces))
        if terms:
            known[piece.name] = merge(terms, pieces)
            if len(known[piece.name]) > TERMS:
                return None
            if any(len(t.bound) > SUMS or larger(t.coefficient, NODES) for t in known[piece.name]):
                return None
    return by, known.get(found.output.name, ())
