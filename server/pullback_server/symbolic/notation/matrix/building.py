"""Trees built as people write them: numbers and scalars in front, no zeros, transposes pushed inwards."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod

from .tree import Call, MatMul, NoMatrixForm, Number, Power, Product, Sum, Transpose, Tree, children


def number(value: int | Fraction) -> Tree:
    """A number."""
    return Number(Fraction(value))


def eye(length: Tree) -> Tree:
    """The identity."""
    return Call("eye", (), 2, (("n", length),))


def ones(*lengths: Tree) -> Tree:
    """A tensor of ones."""
    return Call("ones", (), len(lengths), (("size", lengths),))


def zeros(*lengths: Tree) -> Tree:
    """A tensor of zeros."""
    return Call("zeros", (), len(lengths), (("size", lengths),))


def as_product(tree: Tree) -> Product:
    """Any tree as a product."""
    match tree:
        case Product():
            return tree
        case Number(value):
            return Product(value)
        case _:
            return Product(factors=(tree,)) if tree.rank else Product(scalars=(tree,))


def _simplify(p: Product) -> Tree:
    """A product as the simplest equal tree."""
    if not (p.scalars or p.under or p.factors or p.below):
        return Number(p.number)
    if p.number == 1 and not p.under and not p.below and len(p.scalars) + len(p.factors) == 1:
        return (*p.scalars, *p.factors)[0]
    return p


def product(*above: Tree, below: tuple[Tree, ...] = ()) -> Tree:
    """The elementwise product of trees that broadcast as they are, divided by those below.

    >>> from .tree import Name
    >>> product(number(2), product(number(3), Name("x", 1)))
    Product(number=Fraction(6, 1), scalars=(), under=(), factors=(Name(name='x', rank=1, floating=True),), below=())
    """
    parts = [*map(as_product, above), *map(_reciprocal, below)]
    joint = Product(
        prod((p.number for p in parts), start=Fraction(1)),
        tuple(t for p in parts for t in p.scalars),
        tuple(t for p in parts for t in p.under),
        tuple(t for p in parts for t in p.factors),
        tuple(t for p in parts for t in p.below),
    )
    return _simplify(_cancel(joint)) if joint.number else Number(Fraction(0))


def _reciprocal(tree: Tree) -> Product:
    p = as_product(tree)
    if p.number == 0:
        raise NoMatrixForm("a division by zero")
    return Product(1 / p.number, p.under, p.scalars, p.below, p.factors)


def _cancel(p: Product) -> Product:
    """A product without the scalars that stand above and under the line; `sign(t)/abs(t)` is `1/t`."""
    scalars, under = list(p.scalars), list(p.under)
    for t in p.scalars:
        size = replace(t, function="abs") if isinstance(t, Call) and t.function == "sign" else None
        if t in under:
            under.remove(t)
            scalars.remove(t)
        elif size in under and isinstance(size, Call):
            scalars.remove(t)
            under[under.index(size)] = size.operands[0] or t
    if len(under) == len(p.under) and under == [*p.under]:
        return p
    return _cancel(replace(p, scalars=tuple(scalars), under=tuple(under)))


def negative(tree: Tree) -> bool:
    """Whether a tree begins with a minus sign."""
    return as_product(tree).number < 0


def split_scalars(tree: Tree) -> tuple[Tree, Tree]:
    """A tree as a number times scalars, and the tensor that is left.

    >>> from .tree import Name
    >>> split_scalars(product(number(2), Name("x", 1)))[1]
    Name(name='x', rank=1, floating=True)
    """
    match tree:
        case Call("diag", (inner,)) if tree.rank == 2 and inner is not None:
            scale, rest = split_scalars(inner)
            return (scale, replace(tree, operands=(rest,))) if rest.rank else (number(1), tree)
        case Product() if tree.factors or tree.below:
            rest = Product(factors=tree.factors, below=tree.below)
            return _simplify(replace(tree, factors=(), below=())), _simplify(rest)
    return number(1), tree


def add(*trees: Tree) -> Tree:
    """The sum of trees that broadcast as they are: equal ones counted, positive ones first, `A` before `A.T`."""
    terms = [t for tree in trees for t in (tree.terms if isinstance(tree, Sum) else (tree,))]
    counted: dict[Tree, Fraction] = {}
    for term in terms:
        p = as_product(term)
        core = _simplify(replace(p, number=Fraction(1)))
        counted[core] = counted.get(core, Fraction(0)) + p.number
    kept = [product(Number(n), core) for core, n in counted.items() if n]
    if not kept:
        return number(0)
    ordered = sorted(kept, key=lambda t: (negative(t), isinstance(t, Transpose)))
    return ordered[0] if len(ordered) == 1 else Sum(tuple(ordered))


def matmul(*trees: Tree) -> Tree:
    """The matrix product with its scalars in front; `x @ (A @ y)` is one chain, `(A @ x) @ y` is not."""
    scales: list[Tree] = []
    chain: list[Tree] = []
    for position, tree in enumerate(trees):
        scale, rest = split_scalars(tree)
        scales.append(scale)
        inner = rest.factors if isinstance(rest, MatMul) else (rest,)
        inward = position == 0 or inner[0].rank == 2
        outward = position == len(trees) - 1 or inner[-1].rank == 2
        chain += inner if inward and outward else (rest,)
    matrix_product: Tree = MatMul(tuple(chain))
    if len(chain) > 2 and all(isinstance(t, Transpose) for t in chain):
        matrix_product = Transpose(MatMul(tuple(t.of for t in reversed(chain) if isinstance(t, Transpose))))
    return product(*scales, matrix_product)


def as_column(tree: Tree) -> Tree:
    """A vector `x @ A` as `A.T @ x`, which joins longer chains; any other tree as it is."""
    match tree:
        case MatMul((first, *rest)) if tree.rank == first.rank == 1:
            return matmul(*(transpose(t) for t in reversed(rest)), first)
    return tree


def transpose(tree: Tree) -> Tree:
    """The transpose, pushed inwards where that needs no more transposes.

    >>> from .tree import Name
    >>> A, B = Name("A", 2), Name("B", 2)
    >>> transpose(matmul(A, B)) == matmul(Transpose(B), Transpose(A))
    True
    """
    if tree.rank < 2:
        return tree
    match tree:
        case Transpose(of):
            return of
        case MatMul(factors):
            return matmul(*(transpose(t) for t in reversed(factors)))
        case Call("diag" | "eye"):
            return tree
        case Call("outer", operands):
            return replace(tree, operands=operands[::-1])
        case Call("ones", (), 2, (("size", (n, m)),)):
            return replace(tree, options=(("size", (m, n)),))
        case Product() if len(tree.factors) + len(tree.below) > 1 or tree.number != 1 or tree.scalars or tree.under:
            scale, rest = split_scalars(tree)
            return product(scale, _transpose_inside(rest) if isinstance(rest, Product) else transpose(rest))
    return _transpose_inside(tree)


def _transpose_inside(tree: Tree) -> Tree:
    """The transpose of an elementwise expression, whose operands may be transposed one by one."""
    pushed: Tree | None = None
    match tree:
        case Product(factors=factors, below=below) if all(t.rank == 2 for t in (*factors, *below)):
            pushed = product(*map(transpose, factors), below=tuple(map(transpose, below)))
        case Sum(terms) if all(t.rank in (0, 2) for t in terms):
            pushed = add(*map(transpose, terms))
        case Power(base, exponent) if not exponent.rank:
            pushed = Power(transpose(base), exponent)
    simpler = pushed is not None and _count_transposes(pushed) <= 1 + _count_transposes(tree)
    return pushed if pushed is not None and simpler else Transpose(tree)


def _count_transposes(tree: Tree) -> int:
    return isinstance(tree, Transpose) + sum(map(_count_transposes, children(tree)))
