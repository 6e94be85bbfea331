"""Scalar expressions in index notation as matrix expressions: `x` in place of `x[i]`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

import sympy as sp

from ....index_notation.expressions import Delta, Entry, Reduction
from ....index_notation.index_program import Axes, larger
from ....index_notation.recognition import softmaxes
from ....index_notation.terms import Term, split
from ....index_notation.terms import contract as without_deltas
from ...differentiation.derivatives import Differentiated
from ...differentiation.partition import CONSTANTS
from ...primitives import MATRIX_FUNCTIONS, REDUCTIONS
from ..words import with_units
from .building import add, eye, number, zeros
from .contraction import Symbols, contract, diagonal, expand
from .dtypes import as_floating
from .elementwise import function, power
from .factoring import as_cross_product, factor_out
from .functions import of_matrix
from .indexing import index_at
from .nodes import NodeFinder
from .placement import Placement
from .program import ProgramTrees
from .tensors import Tensor, align, orient, squeeze, take_diagonal, with_axes
from .tree import Call, Constant, Infix, Length, Name, NoMatrixForm, Number, TooLong, Tree, check_size

#: Expressions of more nodes than this are not written: nobody would read them.
NODES = 600
#: Nor are those of a program whose derivatives have more different subexpressions than this.
EXPRESSIONS = 2000
#: Nor are derivatives of more terms than this, once their products are multiplied out.
TERMS = 200
_CONSTANT_NAMES = {value: name for name, value in CONSTANTS.items()}


class Writer:
    """Writes expressions of one program."""

    def __init__(self, differentiated: Differentiated) -> None:
        self._index_program = differentiated.partition.program
        self._upstream = differentiated.partition.upstream
        self._definitions = {p.name: p for p in differentiated.forward}
        self._known: dict[sp.Expr, Tensor | NoMatrixForm] = {}
        self._terms_left = TERMS
        self.trees = ProgramTrees(differentiated.partition.typed)
        self._axes = differentiated.partition.axes(self._upstream)
        typed = differentiated.partition.typed
        self._floating = {n: typed.types[node].dtype.floating for n, node in typed.program.inputs().items()}
        self._nodes = NodeFinder(differentiated.partition, self.trees)

    def derivative(self, terms: Sequence[Term], target: Axes) -> Tree:
        """The sum of terms as a matrix expression with exactly these axes; raises NoMatrixForm or TooLong."""
        self._terms_left = TERMS
        free = tuple(a for a in target if a is not None)
        if not terms:
            return zeros(*(number(1) if a is None else self.length(a) for a in target)) if target else number(0)
        total = expand(self._sum(terms, free), free, self.length)
        return check_size(with_axes(Tensor(as_floating(total.tree), total.axes), target))

    def length(self, index: sp.Symbol) -> Tree:
        """The length of an index's axis."""
        return self._size(self._index_program.dimensions[index].source)

    def _size(self, source: tuple[str, int] | int) -> Tree:
        if isinstance(source, int):
            return number(source)
        return Length(Name(source[0], len(self._axes[source[0]])), source[1])

    def tensor(self, e: sp.Expr) -> Tensor:
        """An expression as a tensor over the indices that are free in it; raises NoMatrixForm or TooLong."""
        if e not in self._known:
            if larger(e, NODES) or len(self._known) > EXPRESSIONS:
                raise TooLong
            try:
                tensor = self._nodes.find(e) or self._tensor(e)
                self._known[e] = Tensor(check_size(tensor.tree), tensor.axes)
            except NoMatrixForm as error:
                # Failures are remembered too: a product is tried in several forms.
                self._known[e] = error
        known = self._known[e]
        if isinstance(known, NoMatrixForm):
            raise known
        return known

    def _tensor(self, e: sp.Expr) -> Tensor:
        match e:
            case sp.Rational():
                return Tensor(Number(Fraction(int(e.p), int(e.q))), ())
            case _ if e in _CONSTANT_NAMES:
                return Tensor(self._constant(_CONSTANT_NAMES[e]), ())
            case sp.Symbol() if e in self._index_program.dimensions:
                return Tensor(Call("arange", (), 1, (("start", self.length(e)),)), (e,))
            case sp.Symbol():
                source = next((d.root().source for d in self._index_program.dimensions.values() if d.symbol == e), None)
                if source is None:
                    raise NoMatrixForm("an index as a number")
                return Tensor(self._size(source), ())
            case Entry():
                return self._entry(e)
            case Delta():
                axes = self._index_symbols(e.args)
                return diagonal(Tensor(number(1), ()), axes, self.length(axes[1]))
            case Reduction():
                return self._reduction(e.kind, e.body, e.bound)
            case sp.Add() | sp.Mul():
                return self._sum([Term(e)], ())
            case sp.Pow():
                return power(e.base, e.exp, self.tensor)
            case sp.exp() if (softmax := self._softmax(e)) is not None:
                return softmax
            case sp.Function():
                return function(e, self.tensor)
        raise NoMatrixForm(f"a {type(e).__name__}")

    def _constant(self, name: str) -> Tree:
        if name not in self._axes:
            return Constant(name)
        if name == "e":
            return Call("exp", (number(1),), 0)
        if name == "pi":
            return Call("acos", (number(-1),), 0)
        raise NoMatrixForm("a constant whose name is taken")

    def _axes_of(self, name: str) -> tuple[sp.Symbol, ...]:
        """The indices of a named tensor's own axes."""
        if name in self._axes:
            return tuple(a for a in self._axes[name] if a is not None)
        return self._definitions[name].axes

    def _spans(self, index: sp.Expr, axis: sp.Expr) -> bool:
        return {index, axis} <= self._index_program.dimensions.keys() and self._index_program.spans(index, axis)

    def _index_symbols(self, indices: Iterable[sp.Expr]) -> tuple[sp.Symbol, ...]:
        symbols = tuple(indices)
        if not all(i in self._index_program.dimensions for i in symbols):
            raise NoMatrixForm("an index that is an expression")
        return symbols

    def _entry(self, e: Entry) -> Tensor:
        spanning = all(map(self._spans, e.indices, self._axes_of(e.name)))
        if not spanning or len(set(e.indices)) < len(e.indices):
            apart = tuple(self._index_program.index(a) for a in self._axes_of(e.name))
            at = dict(zip(apart, e.indices, strict=True))
            return take_diagonal(index_at(self.tensor(Entry(e.name, *apart)), at, self._index_program, self.tensor))
        if e.name in self._axes:
            axes = with_units(self._index_symbols(e.indices), self._axes[e.name])
            return Tensor(Name(e.name, len(axes), self._floating.get(e.name, True)), axes)
        definition = self._definitions[e.name]
        fresh = {k: self._index_program.index(k) for k in definition.bound}
        if definition.result_rank is not None:
            batch = dict(zip(definition.axes, self._index_symbols(e.indices), strict=True))
            rows, columns = fresh.values()
            result_axes = tuple(batch.pop(a) for a in definition.result_axes)
            body = squeeze(self.tensor(definition.body.xreplace(batch | fresh)))
            if definition.kind not in MATRIX_FUNCTIONS or batch:
                raise NoMatrixForm(f"{definition.kind} of several matrices at once")
            return Tensor(of_matrix(definition.kind, orient(body, rows, columns)), result_axes)
        here = dict(zip(definition.axes, e.indices, strict=True))
        if definition.kind == "product_of_others":
            return self._product_of_others(definition.body.xreplace(here), tuple(here[k] for k in definition.bound))
        body = definition.body.xreplace(here | fresh)
        return self._reduction(definition.kind, body, tuple(fresh.values())) if definition.kind else self.tensor(body)

    def _reduction(self, kind: str, body: sp.Expr, bound: Symbols) -> Tensor:
        if kind == "sum":
            return self._sum([Term(body, (), tuple(bound))], ())
        if kind not in REDUCTIONS:
            raise NoMatrixForm(f"a reduction of kind {kind}")
        x = self.tensor(body)
        if not all(k in x.symbols for k in bound):
            raise NoMatrixForm("a reduction over an axis along which nothing varies")
        dims = tuple(k for k, a in enumerate(x.axes) if a in bound)
        name, axes = REDUCTIONS[kind].operator, tuple(a for a in x.axes if a not in bound)
        if len(x.symbols) == len(bound):
            return Tensor(Call(name, (x.tree,), 0), ())
        return Tensor(Call(name, (x.tree,), len(axes), (("dim", dims[0] if len(dims) == 1 else dims),)), axes)

    def _product_of_others(self, body: sp.Expr, along: Axes) -> Tensor:
        """At each place of a vector the product of all other entries, which division would not give beside a zero."""
        x = squeeze(self.tensor(body))
        if x.axes != along or len(along) != 1:
            raise NoMatrixForm("the product of all other entries of a matrix")
        identity = eye(self.length(x.symbols[0]))
        chosen = Call("where", (Infix("==", identity, number(1)), number(1), x.tree), 2)
        return Tensor(Call("prod", (chosen,), 1, (("dim", 1),)), x.axes)

    def _sum(self, terms: Sequence[Term], prefer: Symbols) -> Tensor:
        """The sum of terms, each over its own bound indices; those with deltas become diagonal matrices."""
        summands: list[Tensor] = []
        for term in terms:
            if term.coefficient.has(Delta):
                for part in split(term.coefficient):
                    joint = Term(part.coefficient, part.deltas + term.deltas, (*term.bound, *part.bound))
                    summands += self._term(without_deltas(joint, self._index_program))
            else:
                summands += self._term(term)
        if len(summands) == 1:
            return summands[0]
        axes, trees = align(summands, tuple(prefer))
        total = add(*trees)
        if len(axes) == 1 and axes[0] is not None and self._index_program.dimensions[axes[0]].root().source == 3:
            total = as_cross_product(total)
        return Tensor(factor_out(total), axes)

    def _term(self, term: Term) -> list[Tensor]:
        """One term, or the terms of the sum that its coefficient is."""
        self._terms_left -= 1
        if self._terms_left < 0:
            raise NoMatrixForm("more terms than anybody would read")
        if term.deltas:
            computed = next((d for d in term.deltas if not self._spans(*d)), None)
            if computed is not None:
                return [self._placement(term, *computed)]
            if len(term.deltas) > 1:
                raise NoMatrixForm("a tensor of more than two dimensions that is zero off a diagonal")
            a, b = self._index_symbols(term.deltas[0])
            inner = self._sum([Term(term.coefficient.xreplace({b: a}), (), term.bound)], ())
            return [diagonal(inner, (a, b), self.length(b))]
        e = term.coefficient
        if isinstance(e, sp.Add) and (not term.bound or self._contracts(e)):
            return self._summands(e.as_ordered_terms(), term.bound)
        expanded = _multiply_out(e, lambda f: bool(term.bound) and self._mixed(f, term.bound))
        if expanded is not None:
            return self._summands(expanded, term.bound)
        try:
            return [self._product(e, term.bound)]
        except NoMatrixForm:
            # Products of many sums have too many terms: two to the power of their number.
            expanded = _multiply_out(e, lambda _: True) if self._terms_left >= 0 else None
            if expanded is None:
                raise
            return self._summands(expanded, term.bound)

    def _placement(self, term: Term, a: sp.Expr, b: sp.Expr) -> Tensor:
        """A term that is zero except where an index expression has the value of an index: entries that are placed."""
        symbols, length = self._index_program.dimensions, self._index_program.seen_length
        longer = a in symbols and a not in term.bound and b in symbols and length(a) > length(b)
        swapped = b not in symbols or b in term.bound or longer
        place, target = (b, a) if swapped else (a, b)
        if target not in symbols or target in term.bound or target in place.free_symbols:
            raise NoMatrixForm("an index that is an expression")
        at = {target: place}
        others = tuple((x.xreplace(at), y.xreplace(at)) for x, y in term.deltas if (x, y) != (a, b))
        moving = place.free_symbols & symbols.keys()
        entries = Term(term.coefficient.xreplace(at), others, tuple(k for k in term.bound if k not in moving))
        summed = tuple(k for k in term.bound if k in moving)
        placement = Placement(self._index_program, self.length, self.tensor)
        return placement.place(self._sum([entries], ()), place, target, summed)

    def _summands(self, terms: Sequence[sp.Expr], bound: Symbols) -> list[Tensor]:
        """Summands, each summed on its own over the bound indices that it has."""
        separate = (without_deltas(Term(t, (), tuple(bound)), self._index_program) for t in terms)
        return [tensor for term in separate for tensor in self._term(term)]

    def _contracts(self, e: sp.Add) -> bool:
        """Whether a sum is better summed term by term: one is a product of tensors, or they differ in indices."""
        several = (sum(1 for f in sp.Mul.make_args(t) if self._indices(f)) > 1 for t in e.args)
        return any(several) or len({self._indices(t) for t in e.args}) > 1

    def _mixed(self, e: sp.Add, bound: Symbols) -> bool:
        """Whether a sum that is summed has products of vectors, or vectors beside matrices, which are better apart."""
        every = self._indices(e)
        factors = (self._indices(f) for t in e.args for f in sp.Mul.make_args(t))
        return len(every) > 1 and not every.isdisjoint(bound) and any(i and i != every for i in factors)

    def _indices(self, e: sp.Expr) -> frozenset[sp.Symbol]:
        return frozenset(e.free_symbols & self._index_program.dimensions.keys())

    def _product(self, e: sp.Expr, bound: Symbols) -> Tensor:
        above, below = list[Tensor](), list[Tensor]()
        # The upstream gradient comes first.
        factors = sp.Mul.make_args(e)
        for factor in sorted(factors, key=lambda f: not (isinstance(f, Entry) and f.name == self._upstream)):
            divides = isinstance(factor, sp.Pow) and factor.exp.is_Rational and factor.exp.is_negative
            (below if divides else above).append(self.tensor(1 / factor if divides else factor))
        return contract(above, below, bound, self.length)

    def _softmax(self, e: sp.exp) -> Tensor | None:
        """`exp(u - logsumexp(u))`, where the expression is one."""
        for logits, along in softmaxes(e, self._definitions):
            x = self.tensor(logits)
            if along in x.symbols:
                dim = x.axes.index(along)
                options = () if dim == len(x.axes) - 1 else (("dim", dim),)
                return Tensor(Call("softmax", (x.tree,), len(x.axes), options), x.axes)
        return None


def _multiply_out(e: sp.Expr, when: Callable[[sp.Add], bool]) -> list[sp.Expr] | None:
    """A product's first sum of some kind multiplied with the rest."""
    factors = sp.Mul.make_args(e)
    for k, factor in enumerate(factors):
        if isinstance(factor, sp.Add) and len(factors) > 1 and when(factor):
            rest = sp.Mul(*factors[:k], *factors[k + 1 :])
            return [rest * part for part in factor.as_ordered_terms()]
    return None
