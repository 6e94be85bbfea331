"""Common factors taken out of sums: `A @ x + A.T @ x` is `(A + A.T) @ x`."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from itertools import permutations, takewhile

from .building import add, as_product, matmul, number, product, split_scalars
from .tree import Call, MatMul, Product, Sum, Tree

#: What a term shares with others (None where it has nothing of the kind), and the rest of it.
Sharing = Callable[[Tree, int], tuple[Tree | None, Tree]]
#: What terms share applied to the sum of the rests.
Joining = Callable[[Tree, Tree], Tree]


def factor_out(tree: Tree) -> Tree:
    """A sum with what its terms share taken out; any other tree as it is.

    >>> from .tree import Name, Transpose
    >>> A, x = Name("A", 2), Name("x", 1)
    >>> factor_out(add(matmul(A, x), matmul(Transpose(A), x))).factors[1]
    Name(name='x', rank=1, floating=True)
    """
    for end in (-1, 0):
        if isinstance(tree, Sum):
            tree = _chains(tree, end)
    for share, join in ((_right, _join_right), (_left, _join_left), (_diagonal, _join_diagonal)):
        if isinstance(tree, Sum):
            tree = _group(tree, share, join)
    return _common(tree) if isinstance(tree, Sum) else tree


def as_cross_product(tree: Tree) -> Tree:
    """A sum of vectors of length 3 with each `roll(u, -1)*roll(w, 1) - roll(u, 1)*roll(w, -1)` as `cross(u, w)`."""
    if not isinstance(tree, Sum):
        return tree
    terms = [as_product(t) for t in tree.terms]
    for first, second in permutations(terms, 2):
        pairs = [sorted(map(_unroll, p.factors), key=lambda pair: pair[1]) for p in (first, second)]
        match pairs:
            case [[(u, -1), (w, 1)], [(s, -1), (t, 1)]] if u == t and w == s:
                rests = [replace(p, factors=()) for p in (first, second)]
                if rests[1] == replace(rests[0], number=-rests[0].number) and rests[0].number > 0:
                    cross = product(rests[0], Call("cross", (u, w), 1))
                    return as_cross_product(add(cross, *(t for t in terms if t is not first and t is not second)))
    return tree


def _unroll(tree: Tree) -> tuple[Tree, int]:
    """What is rolled, and by how much."""
    match tree:
        case Call("roll", (u,), 1, (("shifts", int() as shift),)) if u is not None:
            return u, shift
    return tree, 0


@dataclass(frozen=True)
class _Term:
    """A term as a scale and a tensor."""

    scale: Tree
    tensor: Tree


def _terms(tree: Sum) -> list[_Term]:
    return [_Term(*split_scalars(t)) if t.rank else _Term(t, number(1)) for t in tree.terms]


def _groups(terms: Sequence[_Term], key: Callable[[_Term], Tree | None]) -> list[list[_Term]]:
    """Terms with the same key together, those without one each alone."""
    groups: dict[Hashable, list[_Term]] = {}
    for position, term in enumerate(terms):
        shared = key(term)
        groups.setdefault(position if shared is None else shared, []).append(term)
    return list(groups.values())


def _add_scaled(parts: Sequence[tuple[Tree, Tree]]) -> tuple[Tree, Tree]:
    """The sum of scaled trees, as a scale and the rest."""
    total = factor_out(add(*(product(scale, tree) for scale, tree in parts)))
    return split_scalars(total) if total.rank else (number(1), total)


def _chains(tree: Sum, end: int) -> Tree:
    """Chains that end alike, or begin alike, with what differs added up; long chains are left apart."""

    def key(term: _Term) -> Tree | None:
        return term.tensor.factors[end] if isinstance(term.tensor, MatMul) else None

    terms: list[Tree] = []
    for group in _groups(_terms(tree), key):
        chains = [t.tensor.factors[:: end or 1] for t in group if isinstance(t.tensor, MatMul)]
        if len(chains) < 2:
            terms += [product(t.scale, t.tensor) for t in group]
            continue
        # Each keeps one factor at least.
        columns = zip(*(c[:-1] for c in chains), strict=False)
        common = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
        rests = [c[common:][:: end or 1] for c in chains]
        if max(map(len, rests)) > max(common, 2):
            terms += [product(t.scale, t.tensor) for t in group]
            continue
        scale, rest = _add_scaled([(t.scale, _chain(c)) for t, c in zip(group, rests, strict=True)])
        shared = chains[0][:common][:: end or 1]
        terms.append(product(scale, matmul(rest, *shared) if end else matmul(*shared, rest)))
    return add(*terms)


def _chain(factors: tuple[Tree, ...]) -> Tree:
    return factors[0] if len(factors) == 1 else MatMul(factors)


def _group(tree: Sum, share: Sharing, join: Joining) -> Tree:
    """Terms that share something, with their rests added up."""
    terms: list[Tree] = []
    for group in _groups(_terms(tree), lambda t: share(t.tensor, tree.rank)[0]):
        if len(group) < 2:
            terms += [product(t.scale, t.tensor) for t in group]
            continue
        shared, _ = share(group[0].tensor, tree.rank)
        assert shared is not None
        scale, rest = _add_scaled([(t.scale, share(t.tensor, tree.rank)[1]) for t in group])
        terms.append(product(scale, join(shared, rest)))
    return add(*terms)


def _right(tree: Tree, rank: int) -> tuple[Tree | None, Tree]:
    """An outer product by its second vector; a vector added to each row of a matrix is one with ones."""
    match tree:
        case Call("outer", (u, w)) if u is not None:
            return w, u
    return (tree, number(1)) if rank == 2 and tree.rank == 1 else (None, tree)


def _join_right(shared: Tree, rest: Tree) -> Tree:
    return Call("outer", (rest, shared), 2) if rest.rank else product(rest, shared)


def _left(tree: Tree, _: int) -> tuple[Tree | None, Tree]:
    """An outer product by its first vector."""
    match tree:
        case Call("outer", (u, w)) if w is not None:
            return u, w
    return None, tree


def _join_left(shared: Tree, rest: Tree) -> Tree:
    return Call("outer", (shared, rest), 2)


def _diagonal(tree: Tree, _: int) -> tuple[Tree | None, Tree]:
    """Diagonal matrices add up."""
    match tree:
        case Call("diag", (u,), 2) if u is not None:
            return Call("diag", (), 2), u
    return None, tree


def _join_diagonal(_: Tree, rest: Tree) -> Tree:
    return Call("diag", (rest,), 2)


def _common(tree: Sum) -> Tree:
    """The sum with the number and the elementwise factors that all its terms have before it."""
    terms = [as_product(t) for t in tree.terms]
    sizes = {abs(t.number) for t in terms}
    size = sizes.pop() if len(sizes) == 1 else Fraction(1)
    shared = Product(
        -size if all(t.number < 0 for t in terms) else size,
        _shared([t.scalars for t in terms]),
        _shared([t.under for t in terms]),
        # The sum of a vector and a matrix broadcasts, so that a factor before it has another meaning than in it.
        *((_shared([t.factors for t in terms]), _shared([t.below for t in terms])) if _even(tree) else ((), ())),
    )
    if shared == Product():
        return tree
    sides = ("scalars", "under", "factors", "below")
    rest = [{side: _without(getattr(t, side), getattr(shared, side)) for side in sides} for t in terms]
    summands = (product(Product(t.number / shared.number, **r)) for t, r in zip(terms, rest, strict=True))
    return product(shared, add(*summands))


def _even(tree: Sum) -> bool:
    """Whether every factor of every term has the rank of the whole."""
    return all(f.rank == tree.rank for t in tree.terms for f in (*as_product(t).factors, *as_product(t).below))


def _shared(sides: Sequence[tuple[Tree, ...]]) -> tuple[Tree, ...]:
    """The factors of all sides, as often as each side has them at least."""
    return tuple(reduce(operator.and_, map(Counter, sides[1:]), Counter(sides[0])).elements())


def _without(factors: tuple[Tree, ...], shared: tuple[Tree, ...]) -> tuple[Tree, ...]:
    rest = list(factors)
    for f in shared:
        rest.remove(f)
    return tuple(rest)
