"""Matrix expressions with an index symbol for each axis, and how they are lined up for elementwise operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sympy as sp

from ....index_notation.index_program import Axes
from .building import product, split_scalars, transpose
from .dtypes import floating, inexact, scale_branches
from .tree import Call, NoMatrixForm, Power, Product, Subscript, Tree

#: Operators that keep a reduced axis as one of length 1 with `keepdim=True`.
REDUCTIONS = ("sum", "mean", "prod", "amax", "amin", "max", "min", "logsumexp", "norm")


@dataclass(frozen=True)
class Tensor:
    """A tree whose value has these axes, None for one of length 1."""

    tree: Tree
    axes: Axes

    @property
    def floating(self) -> bool:
        """Whether it has the inputs' dtype, so that it may be contracted with others."""
        return floating(self.tree)

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The axes that have an index."""
        return tuple(a for a in self.axes if a is not None)

    @property
    def flat(self) -> bool:
        """Whether no axis has length 1."""
        return None not in self.axes


def swap_axes(t: Tensor) -> Tensor:
    """The transpose of a matrix."""
    return replace(t, tree=transpose(t.tree), axes=t.axes[::-1])


def squeeze(t: Tensor) -> Tensor:
    """The tensor without its axes of length 1."""
    if t.flat:
        return t
    index = tuple(0 if a is None else ":" for a in t.axes)
    return replace(t, tree=_drop_axes(t.tree, index), axes=t.symbols)


def _drop_axes(tree: Tree, index: tuple[int | str, ...]) -> Tree:
    """The tree without the axes at which the index is 0, or without the `keepdim` that made them."""
    match tree:
        case Call(function, (operand,), rank, (*rest, ("dim", int() as dim), ("keepdim", True))) if (
            function in REDUCTIONS and index == tuple(0 if k == dim % rank else ":" for k in range(rank))
        ):
            return Call(function, (operand,), rank - 1, (*rest, ("dim", dim)))
        case Product(factors=factors, below=below) if all(t.rank == len(index) for t in (*factors, *below)):
            above, under = ([_drop_axes(t, index) for t in side] for side in (factors, below))
            return product(replace(tree, factors=(), below=()), *above, below=tuple(under))
        case Power(base, exponent) if base.rank == len(index) and not exponent.rank:
            return Power(_drop_axes(base, index), exponent)
    last = max(k for k, i in enumerate(index) if i == 0)
    return Subscript(tree, index[: last + 1], index.count(":"))


def take_diagonal(t: Tensor) -> Tensor:
    """A matrix with one index for both axes is its diagonal; any other tensor is itself. Raises NoMatrixForm."""
    if len(set(t.symbols)) == len(t.symbols):
        return t
    if len(t.axes) != 2:
        raise NoMatrixForm("a diagonal of a tensor of more than two dimensions")
    return Tensor(Call("diag", (t.tree,), 1), t.axes[:1])


def orient(t: Tensor, rows: sp.Symbol, columns: sp.Symbol) -> Tree:
    """A matrix with those rows and columns."""
    return t.tree if t.axes == (rows, columns) else swap_axes(t).tree


def _broadcasts_to(axes: Axes, target: Axes) -> bool:
    if len(axes) > len(target):
        return False
    return all(a is None or a == b for a, b in zip(axes, target[len(target) - len(axes) :], strict=True))


def fit(t: Tensor, target: Axes) -> Tree:
    """The tensor as a tree that broadcasts to the target's axes, which hold all of its symbols."""
    candidates = [t]
    if len(t.axes) == 2:
        candidates.append(swap_axes(t))
    if not t.flat:
        bare = squeeze(t)
        candidates += [bare, swap_axes(bare)] if len(bare.axes) == 2 else [bare]
    for candidate in candidates:
        if _broadcasts_to(candidate.axes, target):
            return candidate.tree
    for bare in candidates:
        places = [target.index(a) for a in bare.symbols if a in target]
        if bare.flat and places == sorted(places) and len(places) == len(bare.axes):
            index = tuple(":" if a in bare.axes else None for a in target[places[0] :])
            kept = _keep_dims(bare.tree, index)
            scale, tree = split_scalars(bare.tree)
            return kept if kept is not None else product(scale, Subscript(tree, index, len(index)))
    raise NoMatrixForm("axes in an order that broadcasting does not have")


def _keep_dims(tree: Tree, index: tuple[str | None, ...]) -> Tree | None:
    """A reduction that keeps its axes as ones of length 1, where the index puts such axes back."""
    match tree:
        case Call(function, (operand,), _, (*rest, ("dim", dim))) if function in REDUCTIONS and operand is not None:
            dims = {d % operand.rank for d in (dim if isinstance(dim, tuple) else (dim,)) if isinstance(d, int)}
            full = tuple(None if k in dims else ":" for k in range(operand.rank))
            if full[-len(index) :] == index and None not in index[:1] and ":" not in full[: -len(index)]:
                return Call(function, (operand,), operand.rank, (*rest, ("dim", dim), ("keepdim", True)))
    return None


def with_axes(t: Tensor, target: Axes) -> Tree:
    """The tensor as a tree with exactly these axes, of which it has all symbols."""
    if t.axes == target:
        return t.tree
    if len(target) == 2 and t.axes == target[::-1]:
        return swap_axes(t).tree
    bare = squeeze(t)
    order = tuple(a for a in target if a is not None)
    if len(order) == 2 and bare.axes == order[::-1]:
        bare = swap_axes(bare)
    if bare.axes != order:
        raise NoMatrixForm("axes in an order that a transpose does not give")
    return bare.tree if len(order) == len(target) else _unsqueeze(bare.tree, target)


def _unsqueeze(tree: Tree, target: Axes) -> Tree:
    """The tree with axes of length 1 where the target has them."""
    scale, rest = split_scalars(tree)
    return product(scale, Subscript(rest, tuple(None if a is None else ":" for a in target), len(target)))


def align(tensors: Sequence[Tensor], prefer: Axes = ()) -> tuple[Axes, tuple[Tree, ...]]:
    """Broadcasting: common axes, and each tensor as a tree that broadcasts to them.

    The tensors' own axes are used as they are where torch's broadcasting gives each index one axis; otherwise those of
    `prefer` come first.
    """
    natural = _broadcast([t.axes for t in tensors])
    if natural is not None:
        return natural, tuple(t.tree for t in tensors)
    symbols = list(dict.fromkeys(s for t in sorted(tensors, key=lambda t: -len(t.symbols)) for s in t.symbols))
    orders: list[Axes] = [tuple(symbols)]
    if len(symbols) == 2:
        orders.append(tuple(reversed(symbols)))
    turns = {o: sum(1 for t in tensors if len(t.symbols) == 2 and t.symbols != o) for o in orders}
    favourite = tuple(a for a in prefer if a in symbols)
    order = min(orders, key=lambda o: (turns[o], o != favourite))
    return order, tuple(fit(t, order) for t in tensors)


def _broadcast(shapes: Sequence[Axes]) -> Axes | None:
    """The axes that torch's broadcasting gives, if each index then has one axis."""
    rank = max(map(len, shapes), default=0)
    out: list[sp.Symbol | None] = [None] * rank
    for axes in shapes:
        for k, axis in enumerate(axes, rank - len(axes)):
            if axis is not None:
                if out[k] not in (None, axis):
                    return None
                out[k] = axis
    named = [a for a in out if a is not None]
    return tuple(out) if len(set(named)) == len(named) else None


def multiply(above: Sequence[Tensor], below: Sequence[Tensor] = (), prefer: Axes = ()) -> Tensor:
    """The elementwise product of tensors, divided by those below."""
    axes, trees = align((*above, *below), prefer)
    return Tensor(_multiply(trees[: len(above)], trees[len(above) :]), axes)


def _multiply(above: tuple[Tree, ...], below: tuple[Tree, ...]) -> Tree:
    """The product of trees that broadcast; a choice between numbers that float32 would round takes a tensor in."""
    for choice in filter(inexact, above):
        for by in above:
            if floating(by) and by.rank >= choice.rank:
                rest = list(above)
                rest.remove(choice)
                rest[rest.index(by)] = scale_branches(choice, by)
                return product(*rest, below=below)
    return product(*above, below=below)


def only_divides(t: Tensor) -> bool:
    """Whether a tensor is one over others."""
    return isinstance(t.tree, Product) and not t.tree.factors
