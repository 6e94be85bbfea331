"""A sum of products over index symbols as matrix products, dot products, diagonals and outer products.

The tensors of the product are a graph: an index is a vertex, a matrix an edge, a vector sits on its vertex. Tensors
with the same indices are multiplied entry by entry; then the bound indices go one by one, those first that leave a
vector, so that chains are read from the right: `A.T @ (v*w)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy as sp

from ....index_notation.index_program import Axes
from .building import eye, matmul, ones, product, split_scalars
from .dtypes import as_floating, floating
from .tensors import Tensor, align, multiply, only_divides, orient, squeeze
from .tree import Call, NoMatrixForm, Option, Product, Tree

#: The length of the axis of an index, as a tree.
LengthOf = Callable[[sp.Symbol], Tree]
Symbols = Sequence[sp.Symbol]
#: What `einsum` calls indices, in the order in which they appear.
LETTERS = "ijklmnopqrstuvw"


def contract(above: Sequence[Tensor], below: Sequence[Tensor], bound: Symbols, size: LengthOf) -> Tensor:
    """The product of tensors over others, summed over the bound indices; raises NoMatrixForm."""
    every = dict.fromkeys(k for t in (*above, *below) for k in t.symbols)
    free = tuple(k for k in every if k not in bound)
    parts = _merge(above, below, free)
    if bound and any(len(t.symbols) > 2 for t in parts):
        return _reduce(parts, bound)
    for k in bound:
        if not any(k in t.symbols for t in parts):
            parts.append(Tensor(size(k), ()))
    left = [k for k in bound if any(k in t.symbols for t in parts)]
    while left:
        k = min(left, key=lambda k: _cost(k, parts))
        touching = [t for t in parts if k in t.symbols]
        others = [t for t in parts if k not in t.symbols]
        parts = _merge([*others, _sum_out(k, touching)], (), free)
        left = [k for k in left if any(k in t.symbols for t in parts)]
    return _join(parts, free)


def _reduce(parts: Sequence[Tensor], bound: Symbols) -> Tensor:
    """A product of any rank summed over some of its axes: by `einsum`, or by `sum` where its factors broadcast."""
    tensors = [t for t in parts if t.symbols]
    if all(t.floating and t.flat for t in tensors) and len({frozenset(t.symbols) for t in tensors}) > 1:
        summed = _einsum(tensors, bound)
        return Tensor(product(*(squeeze(t).tree for t in parts if not t.symbols), summed.tree), summed.axes)
    factors = multiply(parts)
    dims = tuple(k for k, a in enumerate(factors.axes) if a in bound)
    if len(dims) < len(bound):
        raise NoMatrixForm("a sum over an axis along which nothing varies")
    scale, rest = split_scalars(factors.tree)
    axes = tuple(a for a in factors.axes if a not in bound)
    options: tuple[tuple[str, Option], ...] = (("dim", dims[0] if len(dims) == 1 else dims),) if axes else ()
    return Tensor(product(scale, Call("sum", (rest,), len(axes), options)), axes)


def _einsum(parts: Sequence[Tensor], bound: Symbols) -> Tensor:
    letter = dict(zip(dict.fromkeys(k for t in parts for k in t.symbols), LETTERS, strict=False))
    axes = tuple(k for k in letter if k not in bound)
    if any(k not in letter for t in parts for k in t.symbols) or len(bound) > len(letter) - len(axes):
        raise NoMatrixForm("more indices than einsum has letters for, or one that nothing varies along")
    scales, trees = zip(*(split_scalars(t.tree) for t in parts), strict=True)
    terms = ",".join("".join(letter[k] for k in t.symbols) for t in parts)
    equation = f"{terms}->{''.join(letter[k] for k in axes)}"
    return Tensor(product(*scales, Call("einsum", trees, len(axes), (("equation", equation),))), axes)


def _merge(above: Sequence[Tensor], below: Sequence[Tensor], free: Axes) -> list[Tensor]:
    """Tensors with the same indices as their elementwise product."""
    groups: dict[frozenset[sp.Symbol], tuple[list[Tensor], list[Tensor]]] = {}
    for side, tensors in enumerate((above, below)):
        for t in tensors:
            groups.setdefault(frozenset(t.symbols), ([], []))[side].append(t)
    return [multiply(*group, free) if len(group[0]) != 1 or group[1] else group[0][0] for group in groups.values()]


def _cost(k: sp.Symbol, parts: Sequence[Tensor]) -> tuple[int, int]:
    """Which bound index goes first: one that leaves a vector without a transpose."""
    matrices = [t for t in parts if k in t.symbols and len(t.symbols) > 1]
    vectors = [t for t in parts if t.symbols == (k,)]
    rank = {0: 1, 1: 0 if vectors else 2, 2: 3}.get(len(matrices), 4)
    return rank, sum(1 for t in matrices if t.symbols[0] == k)


def _sum_out(k: sp.Symbol, touching: Sequence[Tensor]) -> Tensor:
    """The product of all tensors that have the index, summed over it."""
    matrices = [t for t in touching if len(t.symbols) == 2]
    vectors = [t for t in touching if t.symbols == (k,)]
    if len(matrices) + len(vectors) < len(touching):
        raise NoMatrixForm("a sum over an index of a tensor of more than two dimensions")
    if len(matrices) == 2 and vectors:
        (u,) = vectors
        if not u.floating or not u.flat or only_divides(u):
            chosen = max(matrices, key=lambda m: m.symbols[1] == k)
            matrices[matrices.index(chosen)] = multiply((chosen, u))
            vectors = []
    match matrices, vectors:
        case [], [u]:
            return _sum_vector(u)
        case [m], []:
            return _sum_matrix(m, k)
        case [m], [u]:
            return _matrix_vector(m, u, k)
        case [m, n], middle if m.floating and n.floating:
            m, n = squeeze(m), squeeze(n)
            i, j = (next(s for s in t.symbols if s != k) for t in (m, n))
            if m.symbols[0] == k and n.symbols[0] != k:
                # As they are, both would have to be transposed.
                m, n, i, j = n, m, j, i
            return Tensor(matmul(orient(m, i, k), *(_diag(u) for u in middle), orient(n, k, j)), (i, j))
        case [m, n], middle if m.flat and n.flat:
            # Such as a choice of entries by integers, which `@` does not take.
            return _reduce([m, n, *middle], (k,))
    raise NoMatrixForm("an index that more than two matrices share")


def _sum_vector(u: Tensor) -> Tensor:
    """The sum of a vector: a dot product where it is the product of two."""
    scale, rest = split_scalars(u.tree)
    match rest:
        case Product(factors=(a, b), below=()) if u.flat and floating(a) and floating(b) and a.rank == b.rank == 1:
            return Tensor(product(scale, matmul(a, b)), ())
        case Call("sum", (matrix,)) if matrix is not None:
            rest = matrix
        case Call("diag", (matrix,)):
            return Tensor(product(scale, Call("trace", (matrix,), 0)), ())
    return Tensor(product(scale, Call("sum", (rest,), 0)), ())


def _sum_matrix(m: Tensor, k: sp.Symbol) -> Tensor:
    """A matrix summed over one of its indices."""
    dim = m.axes.index(k)
    scale, rest = split_scalars(m.tree)
    axes = tuple(a for a in m.axes if a != k)
    return Tensor(product(scale, Call("sum", (rest,), len(axes), (("dim", dim),))), axes)


def _matrix_vector(m: Tensor, u: Tensor, k: sp.Symbol) -> Tensor:
    """A matrix times a vector; a column stays one, and so does a row."""
    if not m.floating or not u.floating or not m.flat:
        return _sum_matrix(multiply((m, u)), k)
    (i,) = (s for s in m.symbols if s != k)
    if u.axes == (None, k):
        return Tensor(matmul(u.tree, orient(m, k, i)), (None, i))
    if u.axes not in ((k,), (k, None)):
        u = squeeze(u)
    scale, tree = split_scalars(orient(m, i, k))
    match tree:
        case Call("outer", (a, b)) if u.flat and a is not None and b is not None:
            return Tensor(product(scale, matmul(b, u.tree), a), (i,))
        case Call("diag", (a,)) if u.flat and a is not None:
            return Tensor(product(scale, a, u.tree), (i,))
    return Tensor(product(scale, matmul(tree, u.tree)), (i, *u.axes[1:]))


def _diag(u: Tensor) -> Tree:
    """The diagonal matrix of a vector."""
    return Call("diag", (as_floating(squeeze(u).tree),), 2)


def diagonal(u: Tensor, axes: Axes, length: Tree) -> Tensor:
    """A diagonal matrix; of a number, that many times the identity."""
    if u.symbols:
        return Tensor(_diag(u), axes)
    return Tensor(product(squeeze(u).tree, eye(length)), axes)


def expand(t: Tensor, free: Symbols, size: LengthOf) -> Tensor:
    """The tensor made to vary along every free index, by ones where it does not."""
    if not set(t.symbols) <= set(free):
        raise NoMatrixForm("an index that is part of another")
    missing = [k for k in free if k not in t.symbols or not t.tree.rank]
    if not missing:
        return t
    constant = Tensor(ones(*map(size, missing)), tuple(missing))
    if not t.symbols or not t.tree.rank:
        return Tensor(product(squeeze(t).tree, constant.tree), constant.axes)
    if len(free) > 2:
        raise NoMatrixForm("a tensor of more than two dimensions that does not vary along one of them")
    return _outer(*sorted((squeeze(t), constant), key=lambda v: free.index(v.symbols[0])))


def _join(parts: Sequence[Tensor], free: Axes) -> Tensor:
    """What is left when no index is bound: scalars, vectors and at most one matrix over the free indices."""
    scalars = [t for t in parts if not t.symbols]
    tensors = [t for t in parts if t.symbols]
    if len(free) > 2 or not tensors or not all(t.flat for t in scalars):
        return multiply(parts, prefer=free)
    tensor = _join_tensors(tensors, free)
    return Tensor(product(*(t.tree for t in scalars), tensor.tree), tensor.axes)


def _join_tensors(tensors: Sequence[Tensor], free: Axes) -> Tensor:
    matrices = [t for t in tensors if len(t.symbols) == 2]
    vectors = [t for t in tensors if len(t.symbols) == 1]
    if not matrices:
        return vectors[0] if len(vectors) == 1 else _outer(*sorted(vectors, key=lambda t: free.index(t.symbols[0])))
    (m,) = matrices
    for u in vectors:
        if not (u.floating and u.flat and m.floating and m.flat) or only_divides(u):
            m = multiply((m, u))
        elif u.symbols[0] == m.axes[0]:
            m = Tensor(matmul(_diag(u), m.tree), m.axes)
        else:
            m = Tensor(matmul(m.tree, _diag(u)), m.axes)
    return m


def _outer(u: Tensor, w: Tensor) -> Tensor:
    """The product of two vectors' entries; of a column and a row by their broadcasting."""
    if not (u.flat and w.flat):
        axes, trees = align((u, w), (*u.symbols, *w.symbols))
        return Tensor(product(*trees), axes)
    (a, left), (b, right) = split_scalars(u.tree), split_scalars(w.tree)
    return Tensor(product(a, b, Call("outer", (left, right), 2)), (*u.symbols, *w.symbols))
