"""A derivative made readable: pieces written out or named under "where", indices and lengths given letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

import sympy as sp

from ...operators.functions import where
from ...operators.index import Piece, Pieces, larger
from ...operators.index_terms import Applied, Delta, Entry, Total
from ..terms import Term, taken_out
from .printers import latex, letter, text

#: A piece that is used more than once is written out all the same while it has at most this many nodes.
SMALL = 6
#: Expressions of more nodes than this are not searched for common factors.
FACTORED = 400
#: Expressions of more nodes than this are not written: parts that are used again double with every line.
LONGEST = 8000
OUTPUT, INPUT, BOUND, LENGTH, PART = "ijkl", "pqr", "stuw", "nmdh", "ghzy"


@dataclass(frozen=True)
class Formula:
    """A derivative ready for printing: `expression` in display names, and the definitions under "where".

    `names` are those of the inputs and lines, which constants must not be confused with.
    """

    expression: sp.Expr
    parts: tuple[tuple[Entry, sp.Expr], ...] = ()
    lengths: tuple[tuple[sp.Symbol, tuple[str, int] | int], ...] = ()
    names: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """Index notation; what stands under "where" follows on lines of its own."""
        where = [f"{text(e)} = {text(d, self.names)}" for e, d in self.parts]
        where += [f"{n} = {s[0]}.shape[{s[1]}]" if isinstance(s, tuple) else f"{n} = {s}" for n, s in self.lengths]
        lines = (f"\n{'  and' if k else 'where'} {w}" for k, w in enumerate(where))
        return text(self.expression, self.names) + "".join(lines)

    @property
    def latex(self) -> str:
        """The same in LaTeX, as one formula."""
        where = [f"{latex(e)} = {latex(d)}" for e, d in self.parts]
        where += [
            rf"{n} = \dim_{{{s[1]}}} {letter(s[0])}" if isinstance(s, tuple) else f"{n} = {s}" for n, s in self.lengths
        ]
        return latex(self.expression) + (r" \quad\text{where } " + r",\; ".join(where) if where else "")


def combine(terms: tuple[Term, ...], by: tuple[sp.Symbol, ...]) -> sp.Expr:
    """Terms as one expression, with a common factor taken out where that makes it shorter.

    Under a delta of an output index and an input index (one of `by`) either may stand; the input's does, unless the
    other lets a factor be taken out.
    """
    by_input = sp.Add(*(_written(t, {a: b for a, b in _oriented(t, by) if b in by}) for t in terms))
    if len(terms) == 1 or _nodes(by_input) > FACTORED:
        return by_input
    by_output = sp.Add(*(_written(t, {b: a for a, b in _oriented(t, by) if b in by}) for t in terms))
    return min((taken_out(by_output), taken_out(by_input), by_input), key=_nodes)


def _written(term: Term, swap: dict[sp.Symbol, sp.Symbol]) -> sp.Expr:
    """The term with its coefficient at other indices, and what its sums do not run over before them."""
    coefficient = term.coefficient.xreplace(swap)
    inside, outside = sp.S.One, sp.S.One
    for factor in (*sp.Mul.make_args(coefficient), *(Delta(a, b) for a, b in term.deltas)):
        if factor.free_symbols.isdisjoint(term.bound):
            outside *= factor
        else:
            inside *= factor
    return sp.Mul(outside, Total("sum", inside, *term.bound))


def _oriented(term: Term, by: tuple[sp.Symbol, ...]) -> list[tuple[sp.Symbol, sp.Symbol]]:
    plain = ((a, b) for a, b in term.deltas if a.is_Symbol and b.is_Symbol)
    return [(b, a) if a in by and b not in by else (a, b) for a, b in plain]


def _nodes(e: sp.Expr) -> int:
    return sum(1 for _ in sp.preorder_traversal(e))


class TooLong(Exception):
    """A formula that nobody would read."""


class Display:
    """Turns expressions of one program into formulas."""

    def __init__(
        self,
        pieces: Pieces,
        definitions: Iterable[Piece],
        names: Iterable[str],
        bindings: dict[str, str],
        lengths: dict[sp.Symbol, sp.Symbol] | None = None,
    ):
        """`names` are taken by inputs; `bindings` give pieces the names that the program gave them.

        `lengths` are those that other formulas have named, by their symbols; what is named here is added to them.
        """
        self._pieces = pieces
        self._definitions = {p.name: p for p in definitions}
        self._order = list(self._definitions)
        self._taken = set(names) | set(bindings.values())
        self._bindings = bindings
        self._lengths = lengths

    def formula(
        self,
        expression: sp.Expr,
        output: tuple[sp.Symbol, ...] = (),
        given: tuple[sp.Symbol, ...] = (),
        units: dict[str, tuple[bool, ...]] | None = None,
    ) -> Formula:
        """The formula of an expression with those output and input axes; `units` says which axes print as 0.

        Raises TooLong.
        """
        expression, kept = self._written_out(expression)
        known = {} if self._lengths is None else self._lengths
        letters, taken = _Letters(self._taken | {s.name for s in known.values()}), frozenset(self._taken)
        names = self._bindings | {n: self._bindings.get(n) or letters.fresh(PART) for n, _ in kept}
        swap = dict(zip(output, letters.several(OUTPUT, len(output)), strict=True))
        swap |= dict(zip(given, letters.several(INPUT, len(given)), strict=True))
        lengths: dict[sp.Symbol, sp.Symbol] = {}
        by_symbol = {d.symbol: d.root() for d in self._pieces.dimensions.values()}

        def finish(e: sp.Expr, swap: dict[sp.Symbol, sp.Symbol]) -> sp.Expr:
            for symbol in sorted(e.free_symbols & by_symbol.keys(), key=str):
                root = by_symbol[symbol]
                if root.symbol not in known:
                    known[root.symbol] = letters.fresh_symbol(LENGTH)
                lengths[root.symbol] = known[root.symbol]
                swap = swap | {symbol: lengths[root.symbol]}
            return _renamed(e, swap, names, letters, units or {}, 0)

        parts = []
        for name, definition in kept:
            axes = self._definitions[name].axes
            own = dict(zip(axes, letters.several(OUTPUT, len(axes)), strict=True))
            parts.append((Entry(names[name], *own.values()), _whole_factors(finish(definition, own))))
        shown = _whole_factors(finish(expression, swap))
        roots = {d.root().symbol: d.root().source for d in self._pieces.dimensions.values()}
        return Formula(shown, tuple(parts), tuple((new, roots[old]) for old, new in lengths.items()), taken)

    def inlined(self, expression: sp.Expr) -> sp.Expr | None:
        """The expression with every piece written out; None where it is too long."""
        for name in reversed(self._order):
            if larger(expression, LONGEST):
                return None
            if not _constant(self._definitions[name]) and name not in _matrices((expression,)):
                expression = self._substituted(expression, name)
        return expression

    def _written_out(self, expression: sp.Expr) -> tuple[sp.Expr, list[tuple[str, sp.Expr]]]:
        """Pieces written out from the last to the first, but those named that are used again and are not small."""
        kept: list[tuple[str, sp.Expr]] = []
        for name in reversed(self._order):
            uses = Counter(e.name for e in _entries((expression, *(d for _, d in kept))))[name]
            if not uses:
                continue
            definition = self._substituted(Entry(name, *self._definitions[name].axes), name)
            again = uses > 1 and _nodes(definition) > SMALL and not self._named_well(name)
            matrix = name in _matrices((expression, *(d for _, d in kept)))
            if again or matrix or _constant(self._definitions[name]):
                kept.append((name, definition))
            else:
                expression = self._substituted(expression, name)
                kept = [(n, self._substituted(d, name)) for n, d in kept]
            if any(larger(e, LONGEST) for e in (expression, *(d for _, d in kept))):
                raise TooLong
        return expression, kept[::-1]

    def _named_well(self, name: str) -> bool:
        """Whether a piece reads better written out however often: `log(Sum(exp(...)))`, or a function of an input."""
        piece = self._definitions[name]
        of_input = piece.own is not None and all(e.name not in self._definitions for e in piece.body.atoms(Entry))
        return of_input or _reduces_to_log(piece)

    def _substituted(self, expression: sp.Expr, name: str) -> sp.Expr:
        piece = self._definitions[name]
        swap = {}
        for entry in {e for e in _entries((expression,)) if e.name == name}:
            at = dict(zip(piece.axes, entry.indices, strict=True))
            fresh = {k: self._pieces.index(k) for k in piece.bound}
            if piece.own is not None:
                swap[entry] = _applied(piece, at, fresh)
                continue
            if piece.kind == "others":
                itself = sp.Mul(*(Delta(new, at[old]) for old, new in fresh.items()))
                at = {a: b for a, b in at.items() if a not in piece.bound}
                swap[entry] = Total("prod", where(itself, 1, piece.body.xreplace(at | fresh)), *fresh.values())
                continue
            body = piece.body.xreplace(at | fresh)
            bound = tuple(fresh.values())
            swap[entry] = (
                sp.log(Total("sum", _exponential(body), *bound))
                if _reduces_to_log(piece)
                else Total(piece.kind, body, *bound)
            )
        return expression.xreplace(swap)


def _applied(piece: Piece, at: dict[sp.Symbol, sp.Expr], fresh: dict[sp.Symbol, sp.Symbol]) -> sp.Expr:
    """A function of a matrix at given indices; the cofactors are written as people do, as `det(X)*inv(X)[j, i]`."""
    own = tuple(at[a] for a in piece.own_axes)
    inner = {a: b for a, b in at.items() if a not in piece.own_axes} | fresh
    body, count = piece.body.xreplace(inner), sp.Integer(len(piece.bound))

    def function(kind: str, *axes: sp.Expr) -> sp.Expr:
        return Applied(kind, body, count, *fresh.values(), *axes)

    return function("det") * function("inv", *own[::-1]) if piece.kind == "cofactor" else function(piece.kind, *own)


def _matrices(expressions: Iterable[sp.Expr]) -> set[str]:
    """The tensors that functions of matrices are written of: they stand there by their names."""
    return {e.name for whole in expressions for a in whole.atoms(Applied) for e in a.body.atoms(Entry)}


def _constant(piece: Piece) -> bool:
    """Whether a piece is a number that was named to keep it from sympy, which would evaluate it."""
    return not piece.bound and not piece.body.has(Entry)


def _reduces_to_log(piece: Piece) -> bool:
    return piece.kind == "logsumexp"


def _exponential(body: sp.Expr) -> sp.Expr:
    """exp of an entry, 0 where a mask leaves it out."""
    masked = isinstance(body, where) and body.args[2] == -sp.oo
    return body.args[0] * sp.exp(body.args[1]) if masked else sp.exp(body)


def _whole_factors(e: sp.Expr) -> sp.Expr:
    """Numbers taken out of the sums and choices in a product: `(2*a - 2*b)/(2*c)` is `(a - b)/c`."""

    def outside(product: sp.Mul) -> sp.Expr:
        parts = [_without_number(f) for f in product.args]
        return sp.Mul(*(number for number, _ in parts), *(rest for _, rest in parts))

    return e.replace(
        lambda part: isinstance(part, sp.Mul) and any(isinstance(f, sp.Add | Total | where) for f in part.args), outside
    )


def _without_number(factor: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    match factor:
        case sp.Add():
            number, rest = factor.primitive()
            # 0.001*(1000*x + 1) would not be plainer.
            return (number, rest) if number.is_Integer else (sp.S.One, factor)
        case Total() if factor.kind == "sum":
            number, rest = factor.body.as_coeff_Mul()
            return number, Total("sum", rest, *factor.bound)
        case where() if factor.args[2] == 0 and not factor.args[1].is_number:
            number, rest = factor.args[1].as_coeff_Mul()
            return number, where(factor.args[0], rest, 0)
    return sp.S.One, factor


def _entries(expressions: Iterable[sp.Expr]) -> Iterator[Entry]:
    for e in expressions:
        for part in sp.preorder_traversal(e):
            if isinstance(part, Entry):
                yield part


def _renamed(
    e: sp.Expr,
    swap: dict[sp.Symbol, sp.Symbol],
    names: dict[str, str],
    letters: _Letters,
    units: dict[str, tuple[bool, ...]],
    depth: int,
) -> sp.Expr:
    """The expression in display names; a sum inside a sum takes the next letter, a sum beside it the same one."""
    if isinstance(e, Total):
        own = dict(zip(e.bound, letters.bound(depth, len(e.bound)), strict=True))
        body = _renamed(e.body, swap | own, names, letters, units, depth + len(e.bound))
        return Total(e.kind, body, *own.values())
    if isinstance(e, Applied):
        own = dict(zip(e.bound, letters.bound(depth, len(e.bound)), strict=True))
        body = _renamed(e.body, swap | own, names, letters, units, depth + len(e.bound))
        axes = (_renamed(a, swap, names, letters, units, depth) for a in e.axes)
        return Applied(e.kind, body, e.args[2], *own.values(), *axes)
    if isinstance(e, Entry):
        indices = iter([_renamed(i, swap, names, letters, units, depth) for i in e.indices])
        if e.name in units:
            return Entry(e.name, *(sp.S.Zero if unit else next(indices) for unit in units[e.name]))
        return Entry(names.get(e.name, e.name), *indices)
    if isinstance(e, sp.Symbol):
        return swap.get(e, e)
    if not e.args:
        return e
    return e.func(*(_renamed(a, swap, names, letters, units, depth) for a in e.args))


class _Letters:
    """Letters that no tensor of the expression is called by."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._bound: list[sp.Symbol] = []

    def _stream(self, alphabet: str) -> Iterator[str]:
        yield from alphabet
        for number in count(1):
            yield from (f"{c}{number}" for c in alphabet)

    def several(self, alphabet: str, wanted: int) -> list[sp.Symbol]:
        """The first free names of an alphabet, the same ones at each call."""
        stream = (c for c in self._stream(alphabet) if c not in self._taken)
        return [sp.Symbol(next(stream)) for _ in range(wanted)]

    def fresh(self, alphabet: str) -> str:
        """A free name that is taken from now on."""
        name = next(c for c in self._stream(alphabet) if c not in self._taken)
        self._taken.add(name)
        return name

    def fresh_symbol(self, alphabet: str) -> sp.Symbol:
        """A fresh name as a symbol for a length."""
        return sp.Symbol(self.fresh(alphabet), integer=True, positive=True)

    def bound(self, depth: int, wanted: int) -> list[sp.Symbol]:
        """The letters of the sums at a depth."""
        return self.several(BOUND, depth + wanted)[depth:]
