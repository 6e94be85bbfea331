"""Each definition differentiated, and the upstream gradient flowing inwards from definition to definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from ...index_notation.expressions import Entry
from ...index_notation.functions import equal, where
from ...index_notation.index_program import Definition, IndexProgram
from ...index_notation.lengths import estimated_length
from ...index_notation.recognition import Recognizer
from ...index_notation.terms import Term, contract, factor_out, merge, split
from ...operators import NoClosedForm
from .elementary import derivative
from .matrix_functions import DERIVATIVES
from .partition import Partition


@dataclass(frozen=True)
class Partial:
    """The derivative of a definition's summand with respect to one entry in it, `of`, before the sum over `bound`."""

    of: Entry
    value: sp.Expr


@dataclass(frozen=True)
class Differentiated:
    """The definitions in forward order, with the partial derivatives of each and the definitions that these use."""

    partition: Partition
    forward: tuple[Definition, ...]
    partials: dict[str, tuple[Partial, ...]]

    @property
    def output(self) -> Definition:
        """The definition that is the program's output."""
        return self.partition.program.definitions[-1]

    @cached_property
    def axes(self) -> dict[str, tuple[sp.Symbol, ...]]:
        """The index symbols of each input and definition, by its name."""
        definitions = {definition.name: definition.axes for definition in self.forward}
        return definitions | {name: x.free for name, x in self.partition.inputs.items()}


def differentiate(partition: Partition) -> Differentiated:
    """Every definition differentiated with respect to every entry in its body."""
    recognize = Recognizer(partition.program.definitions)
    forward: list[Definition] = []
    partials: dict[str, tuple[Partial, ...]] = {}
    for definition in partition.program.definitions:
        forward.append(definition)
        outer, extra = _outer(definition, partition.program)
        forward += extra
        partials[definition.name] = tuple(
            Partial(entry, recognize(_chain_rule(outer, _real(inner))))
            for entry, inner in _inner(definition.body)
            if inner != 0 and entry.name != definition.stationary
        )
    return Differentiated(partition, tuple(forward), partials)


def _inner(body: sp.Expr) -> Iterator[tuple[Entry, sp.Expr]]:
    """The derivative of a scalar expression with respect to each entry in it."""
    for entry in sorted(body.atoms(Entry), key=str):
        yield entry, derivative(body, entry)


def _real(derivative: sp.Expr) -> sp.Expr:
    if derivative.has(sp.zoo, sp.nan, sp.I):
        raise NoClosedForm("the derivative leaves the real numbers here, so it has no closed form")
    return derivative


def _chain_rule(outer: sp.Expr, inner: sp.Expr) -> sp.Expr:
    """The product; it is 0 where a mask of indices makes the inner one 0, whatever the outer one is there."""
    if outer != 1 and isinstance(inner, where) and inner.args[2] == 0 and not inner.args[0].has(Entry):
        return where(inner.args[0], outer * inner.args[1], 0)
    return outer * inner


def _unmasked(body: sp.Expr) -> sp.Expr:
    """An entry of a log-sum-exp without the mask that leaves others out, which its inner derivative has too."""
    return body.args[1] if isinstance(body, where) and body.args[2] == -sp.oo else body


def _outer(definition: Definition, program: IndexProgram) -> tuple[sp.Expr, tuple[Definition, ...]]:
    """The derivative of a reduction with respect to one of its summands, and definitions that it needs."""
    axes, body, bound, name = definition.axes, definition.body, definition.bound, f"{definition.name}#"
    value = Entry(definition.name, *axes)
    match definition.kind:
        case "" | "sum":
            return sp.S.One, ()
        case "logsumexp":
            return sp.exp(_unmasked(body) - value), ()
        case "max" | "min":
            # Entries that tie share the derivative evenly, as autograd has it.
            ties = Definition(name, axes, equal(body, value), "sum", bound)
            return equal(body, value) / Entry(ties.name, *ties.axes), (ties,)
        case "prod":
            others = Definition(name, (*axes, *bound), body, "product_of_others", bound)
            return Entry(others.name, *others.axes), (others,)
        case function:
            return DERIVATIVES[function](definition, program)


#: The name of the upstream gradient in plans; the gradient that flows into a tensor has its name after this character.
UPSTREAM = "^"


def gradient_entries(
    gradients: Mapping[str, Definition], wrt: tuple[str, ...]
) -> Iterator[tuple[str, Entry | None, tuple[sp.Symbol, ...]]]:
    """Each input in `wrt` with an entry of its gradient, None where that is zeros, and the entry's index symbols."""
    for name in wrt:
        gradient = gradients.get(UPSTREAM + name)
        yield (name, Entry(gradient.name, *gradient.axes), gradient.axes) if gradient else (name, None, ())


def backward(differentiated: Differentiated, wrt: tuple[str, ...]) -> dict[str, Definition]:
    """The gradients, as definitions named `^` and the tensor's name: output first, each from those before it.

    The upstream gradient itself is `^`. An input that the output does not depend on is absent.
    """
    program, axes = differentiated.partition.program, differentiated.axes
    useful = _dependents(differentiated, wrt)
    incoming: dict[str, list[tuple[tuple[sp.Symbol, ...], Term]]] = {}
    gradients: dict[str, Definition] = {}

    def add_gradient(name: str) -> None:
        fresh = tuple(program.index(a) for a in axes[name])
        terms = merge((term.at(dict(zip(at, fresh, strict=True))) for at, term in incoming[name]), program)
        gradient = factor_out(sp.Add(*(term.expression for term in terms)))
        gradients[UPSTREAM + name] = Definition(UPSTREAM + name, fresh, gradient)

    for definition in reversed(program.definitions):
        if definition.name not in useful:
            continue
        upstream = UPSTREAM
        if definition is not differentiated.output:
            if definition.name not in incoming:
                continue
            add_gradient(definition.name)
            upstream += definition.name
        flowing = Entry(upstream, *definition.axes)
        for partial in differentiated.partials[definition.name]:
            if partial.of.name in useful:
                target = tuple(program.index(a) for a in axes[partial.of.name])
                deltas = tuple(zip(partial.of.indices, target, strict=True))
                for term in split(flowing * partial.value):
                    bound = definition.axes + definition.bound + term.bound
                    chained = Term(term.coefficient, term.deltas + deltas, bound)
                    incoming.setdefault(partial.of.name, []).append((target, contract(chained, program)))
    for name in wrt:
        if name in incoming:
            add_gradient(name)
    return gradients


def _dependents(differentiated: Differentiated, wrt: tuple[str, ...]) -> set[str]:
    """The names of the inputs and of every definition that depends on one of them."""
    useful = set(wrt)
    for definition in differentiated.partition.program.definitions:
        if any(partial.of.name in useful for partial in differentiated.partials[definition.name]):
            useful.add(definition.name)
    return useful


def _length_of_products(partial: Partial, inner: Sequence[Term]) -> int:
    """About how many characters a partial derivative times each of some terms has, once they are multiplied out."""
    parts = sum(1 for _ in split(partial.value)) if inner else 0
    return len(inner) * estimated_length(partial.value) + parts * sum(term.length for term in inner)


#: How many times as long as allowed the terms of a definition may be until equal ones are added up.
UNMERGED = 2


def jacobian(
    differentiated: Differentiated, name: str, longest: int
) -> tuple[tuple[sp.Symbol, ...], tuple[Term, ...]] | None:
    """The derivative of the output with respect to one input: fresh axes of the input, and terms over both axes.

    None where it, or that of a definition on the way, would have more than about `longest` characters in writing.
    """
    program, axes = differentiated.partition.program, differentiated.axes
    input_axes = tuple(program.index(a) for a in axes[name])
    known: dict[str, tuple[Term, ...]] = {name: (Term(sp.S.One, tuple(zip(axes[name], input_axes, strict=True))),)}
    for definition in program.definitions:
        factors = [(partial, known.get(partial.of.name, ())) for partial in differentiated.partials[definition.name]]
        if sum(_length_of_products(partial, inner) for partial, inner in factors) > UNMERGED * longest:
            return None
        terms = list[Term]()
        for partial, inner in ((partial, term) for partial, each in factors for term in each):
            at = dict(zip(axes[partial.of.name], partial.of.indices, strict=True))
            fresh = {k: program.index(k) for k in inner.bound}
            substituted = Term(inner.coefficient, inner.deltas).at(fresh | at)
            for term in split(partial.value * substituted.coefficient):
                outer = definition.bound if definition.kind != "product_of_others" else ()
                bound = (*outer, *fresh.values(), *term.bound)
                terms.append(contract(Term(term.coefficient, term.deltas + substituted.deltas, bound), program))
        if terms:
            known[definition.name] = merge(terms, program)
            if sum(term.length for term in known[definition.name]) > longest:
                return None
    return input_axes, known.get(differentiated.output.name, ())
