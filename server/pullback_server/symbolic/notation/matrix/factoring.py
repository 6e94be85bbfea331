"""Common factors taken out of sums: `A @ x + A.T @ x` is `(A + A.T) @ x`."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from fractions import Fraction

from .tree import Call, MatMul, Number, Product, Sum, Tree, add, as_product, matmul, product

#: A term as (what it shares with others, what it has of its own, how both become one again).
Sharing = tuple[Tree, Tree, Callable[[Tree, Tree], Tree]]


def factored(tree: Tree) -> Tree:
    """A sum with what its terms share taken out; any other tree as it is.

    >>> from .tree import Name, Turned
    >>> A, x = Name("A", 2), Name("x", 1)
    >>> factored(add(matmul(A, x), matmul(Turned(A), x))).factors[1]
    Name(name='x', rank=1)
    """
    if not isinstance(tree, Sum):
        return tree
    for share in (_last, _first, _right, _left, _diagonal):
        tree = _grouped(tree, share)
        if not isinstance(tree, Sum):
            return tree
    return _common(tree)


def _grouped(tree: Sum, share: Callable[[Tree], Sharing | None]) -> Tree:
    """The sum with terms that share something added up before what they share is applied to them."""
    groups: dict[Hashable, list[tuple[Product, Sharing | None]]] = {}
    for number, term in enumerate(tree.terms):
        p = as_product(term)
        sharing = share(p.factors[0]) if len(p.factors) == 1 and not p.below else None
        # What has nothing to share stays a group of its own.
        key = number if sharing is None else (sharing[0], p.scalars, p.under)
        groups.setdefault(key, []).append((p, sharing))
    if len(groups) == len(tree.terms):
        return tree
    terms: list[Tree] = []
    for group in groups.values():
        p, sharing = group[0]
        if len(group) == 1 or sharing is None:
            terms += [product(member) for member, _ in group]
            continue
        inner = add(*(product(Number(q.number), own) for q, (_, own, _) in _shared(group)))
        scale, inner = _number_of(factored(inner))
        shared, _, join = sharing
        terms.append(product(Number(scale), replace(p, number=Fraction(1), factors=()), join(shared, inner)))
    return add(*terms)


def _shared(group: list[tuple[Product, Sharing | None]]) -> list[tuple[Product, Sharing]]:
    return [(p, sharing) for p, sharing in group if sharing is not None]


def _number_of(tree: Tree) -> tuple[Fraction, Tree]:
    p = as_product(tree)
    return p.number, product(replace(p, number=Fraction(1)))


def _last(tree: Tree) -> Sharing | None:
    """A chain by its last factor."""
    match tree:
        case MatMul((*first, last)):
            return last, _chain(first), lambda shared, own: matmul(own, shared)
    return None


def _first(tree: Tree) -> Sharing | None:
    """A chain by its first factor."""
    match tree:
        case MatMul((first, *rest)):
            return first, _chain(rest), matmul
    return None


def _chain(factors: list[Tree]) -> Tree:
    return factors[0] if len(factors) == 1 else MatMul(tuple(factors))


def _right(tree: Tree) -> Sharing | None:
    """An outer product by its second vector."""
    match tree:
        case Call("outer", (u, w)) if u is not None and w is not None:
            return w, u, lambda shared, own: Call("outer", (own, shared), 2)
    return None


def _left(tree: Tree) -> Sharing | None:
    """An outer product by its first vector."""
    match tree:
        case Call("outer", (u, w)) if u is not None and w is not None:
            return u, w, lambda shared, own: Call("outer", (shared, own), 2)
    return None


def _diagonal(tree: Tree) -> Sharing | None:
    """Diagonal matrices add up."""
    match tree:
        case Call("diag", (u,), 2) if u is not None:
            return Call("diag", (), 2), u, lambda _, own: Call("diag", (own,), 2)
    return None


def _common(tree: Sum) -> Tree:
    """The sum with the number and the elementwise factors that all its terms have before it."""
    terms = [as_product(t) for t in tree.terms]
    first = terms[0]
    numbers = {abs(t.number) for t in terms}
    size = numbers.pop() if len(numbers) == 1 else Fraction(1)
    sign = -1 if all(t.number < 0 for t in terms) else 1
    shared = {
        field: tuple(f for f in getattr(first, field) if all(f in getattr(t, field) for t in terms))
        for field in ("scalars", "under", "factors", "below")
    }
    # A vector may stand before a sum of vectors only, since the sum of a vector and a matrix broadcasts.
    if len({t.rank for t in terms}) > 1 or any(t.rank != f.rank for t in terms for f in shared["factors"]):
        shared |= {"factors": (), "below": ()}
    if size * sign == 1 and not any(shared.values()):
        return tree
    rest = [
        replace(t, number=t.number / (size * sign), **{k: _without(getattr(t, k), v) for k, v in shared.items()})
        for t in terms
    ]
    if any(r.rank < t.rank for r, t in zip(rest, terms, strict=True)) and len({r.rank for r in rest}) > 1 and tree.rank > 1:
        return tree
    return product(Product(size * sign, **shared), add(*map(product, rest)))


def _without(factors: tuple[Tree, ...], shared: tuple[Tree, ...]) -> tuple[Tree, ...]:
    left = list(factors)
    for f in shared:
        left.remove(f)
    return tuple(left)
