"""Matrix expressions as frozen trees, and what builds them in the order in which people write products and sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from ....program import Argument


class NoMatrixForm(Exception):
    """An expression that matrix notation cannot say, or not in a form that anybody would read."""


@dataclass(frozen=True)
class Name:
    """An input, a line, or the upstream gradient."""

    name: str
    rank: int


@dataclass(frozen=True)
class Constant:
    """`pi`, `e`, `inf`, or a truth value."""

    name: str
    rank: int = 0


@dataclass(frozen=True)
class Number:
    """A number; `point` writes a whole one as 1.0, which makes it floating."""

    value: Fraction
    point: bool = False
    rank: int = 0


@dataclass(frozen=True)
class Length:
    """`x.shape[axis]`."""

    of: Tree
    axis: int
    rank: int = 0


@dataclass(frozen=True)
class Call:
    """An operator applied to trees, None where an operand is left out, and to literals."""

    function: str
    operands: tuple[Tree | None, ...]
    rank: int
    options: tuple[tuple[str, Option], ...] = ()


@dataclass(frozen=True)
class Turned:
    """The transpose of a matrix."""

    of: Tree
    rank: int = 2


@dataclass(frozen=True)
class Part:
    """`u[:, None]`: `index` has ":" for an axis that stays, None for a new one, 0 for one that goes."""

    of: Tree
    index: tuple[str | int | None, ...]
    rank: int


@dataclass(frozen=True)
class Item:
    """One of several results, `eigh(A)[1]`."""

    of: Tree
    position: int
    rank: int


@dataclass(frozen=True)
class Power:
    """An elementwise power."""

    base: Tree
    exponent: Tree

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return max(self.base.rank, self.exponent.rank)


@dataclass(frozen=True)
class Infix:
    """A comparison, `&`, `|` or `%`."""

    sign: str
    left: Tree
    right: Tree

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return max(self.left.rank, self.right.rank)


@dataclass(frozen=True)
class MatMul:
    """A chain of `@`; only its ends may be vectors."""

    factors: tuple[Tree, ...]

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        ends = (self.factors[0].rank, self.factors[-1].rank)
        return max(ends) if max(ends) > 2 else 2 - ends.count(1)


@dataclass(frozen=True)
class Product:
    """`number*scalars*factors/(under*below)`, elementwise: scalars are those of rank 0, above and under the line."""

    number: Fraction = Fraction(1)
    scalars: tuple[Tree, ...] = ()
    under: tuple[Tree, ...] = ()
    factors: tuple[Tree, ...] = ()
    below: tuple[Tree, ...] = ()

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return max((t.rank for t in (*self.factors, *self.below)), default=0)


@dataclass(frozen=True)
class Sum:
    """Terms added up; a product with a negative number is subtracted."""

    terms: tuple[Tree, ...]

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return max(t.rank for t in self.terms)


Option = Argument | Length | tuple["Option", ...]
Tree = Name | Constant | Number | Length | Call | Turned | Part | Item | Power | Infix | MatMul | Product | Sum


def number(value: int | Fraction) -> Tree:
    """A number."""
    return Number(Fraction(value))


def as_product(tree: Tree) -> Product:
    """Any tree as a product."""
    match tree:
        case Product():
            return tree
        case Number(value):
            return Product(value)
        case _:
            return Product(factors=(tree,)) if tree.rank else Product(scalars=(tree,))


def _plain(p: Product) -> Tree:
    """A product as the simplest tree that says it."""
    if p == Product(p.number):
        return Number(p.number)
    if p.number == 1 and not p.under and not p.below and len(p.scalars) + len(p.factors) == 1:
        return (*p.scalars, *p.factors)[0]
    return p


def product(*above: Tree, below: tuple[Tree, ...] = ()) -> Tree:
    """The elementwise product of trees that broadcast as they are, divided by those below.

    >>> product(number(2), product(number(3), Name("x", 1)))
    Product(number=Fraction(6, 1), scalars=(), under=(), factors=(Name(name='x', rank=1),), below=())
    """
    found = Product()
    for tree in above:
        p = as_product(tree)
        found = Product(
            found.number * p.number,
            found.scalars + p.scalars,
            found.under + p.under,
            found.factors + p.factors,
            found.below + p.below,
        )
    for tree in below:
        p = as_product(tree)
        if p.number == 0:
            raise NoMatrixForm("a division by zero")
        found = Product(
            found.number / p.number,
            found.scalars + p.under,
            found.under + p.scalars,
            found.factors + p.below,
            found.below + p.factors,
        )
    return _plain(found) if found.number else Number(Fraction(0))


def negative(tree: Tree) -> bool:
    """Whether a tree begins with a minus sign."""
    return as_product(tree).number < 0


def split_scalars(tree: Tree) -> tuple[Tree, Tree]:
    """A tree as a number times scalars, and the tensor that is left.

    >>> split_scalars(product(number(2), Name("x", 1)))[1]
    Name(name='x', rank=1)
    """
    match tree:
        case Call("diag", (inner,)) if tree.rank == 2 and inner is not None:
            scale, rest = split_scalars(inner)
            return (scale, replace(tree, operands=(rest,))) if rest.rank else (number(1), tree)
        case Product() if tree.factors or tree.below:
            rest = Product(factors=tree.factors, below=tree.below)
            return _plain(replace(tree, factors=(), below=())), _plain(rest)
    return number(1), tree


def add(*trees: Tree) -> Tree:
    """The sum of trees that broadcast as they are; equal ones are counted, and positive ones come first, and `A` before `A.T`."""
    terms = [t for tree in trees for t in (tree.terms if isinstance(tree, Sum) else (tree,))]
    counted: dict[Tree, Fraction] = {}
    for term in terms:
        p = as_product(term)
        core = _plain(replace(p, number=Fraction(1)))
        counted[core] = counted.get(core, Fraction(0)) + p.number
    kept = [product(Number(n), core) for core, n in counted.items() if n]
    if not kept:
        return number(0)
    ordered = sorted(kept, key=lambda t: (negative(t), isinstance(t, Turned)))
    return ordered[0] if len(ordered) == 1 else Sum(tuple(ordered))


def matmul(*trees: Tree) -> Tree:
    """The matrix product, its scalars in front; `x @ (A @ y)` is one chain, `(A @ x) @ y` is not."""
    scales: list[Tree] = []
    chain: list[Tree] = []
    for position, tree in enumerate(trees):
        scale, rest = split_scalars(tree)
        scales.append(scale)
        inner = rest.factors if isinstance(rest, MatMul) else (rest,)
        inward = position == 0 or inner[0].rank == 2
        outward = position == len(trees) - 1 or inner[-1].rank == 2
        chain += inner if inward and outward else (rest,)
    whole: Tree = MatMul(tuple(chain))
    if len(chain) > 2 and all(isinstance(t, Turned) for t in chain):
        whole = Turned(MatMul(tuple(t.of for t in reversed(chain) if isinstance(t, Turned))))
    return product(*scales, whole)


def as_column(tree: Tree) -> Tree:
    """A vector `x @ A` as `A.T @ x`, which joins longer chains; any other tree as it is."""
    match tree:
        case MatMul((first, *rest)) if tree.rank == first.rank == 1:
            return matmul(*(turned(t) for t in reversed(rest)), first)
    return tree


def turned(tree: Tree) -> Tree:
    """The transpose, pushed inwards where that needs no more transposes.

    >>> turned(matmul(Name("A", 2), Name("B", 2)))
    MatMul(factors=(Turned(of=Name(name='B', rank=2), rank=2), Turned(of=Name(name='A', rank=2), rank=2)))
    """
    if tree.rank < 2:
        return tree
    match tree:
        case Turned(of):
            return of
        case MatMul(factors):
            return matmul(*(turned(t) for t in reversed(factors)))
        case Call("diag" | "eye"):
            return tree
        case Call("outer" | "ones" | "zeros", operands):
            return replace(tree, operands=operands[::-1])
        case Product() if len(tree.factors) + len(tree.below) > 1 or tree.number != 1 or tree.scalars or tree.under:
            scale, rest = split_scalars(tree)
            return product(scale, _turned_inside(rest))
    return _turned_inside(tree)


def _turned_inside(tree: Tree) -> Tree:
    """The transpose of an elementwise expression, whose parts may be turned one by one."""
    pushed: Tree | None = None
    match tree:
        case Product(factors=factors, below=below) if all(t.rank == 2 for t in (*factors, *below)):
            pushed = product(*map(turned, factors), below=tuple(map(turned, below)))
        case Sum(terms) if all(t.rank in (0, 2) for t in terms):
            pushed = add(*map(turned, terms))
        case Power(base, exponent) if not exponent.rank:
            pushed = Power(turned(base), exponent)
        case MatMul() | Turned() | Call("diag" | "eye" | "outer"):
            pushed = turned(tree)
    return pushed if pushed is not None and _turns(pushed) <= 1 + _turns(tree) else Turned(tree)


def children(tree: Tree) -> tuple[Tree, ...]:
    """The trees that a tree is made of."""
    match tree:
        case Call(_, operands):
            return tuple(t for t in operands if t is not None)
        case Turned(of) | Part(of) | Item(of) | Length(of):
            return (of,)
        case Power(a, b) | Infix(_, a, b):
            return (a, b)
        case MatMul(several) | Sum(several):
            return several
        case Product():
            return (*tree.scalars, *tree.under, *tree.factors, *tree.below)
    return ()


def _turns(tree: Tree) -> int:
    return isinstance(tree, Turned) + sum(map(_turns, children(tree)))


def rebuilt(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with each of its children changed."""

    def all_of(trees: tuple[Tree, ...]) -> tuple[Tree, ...]:
        return tuple(map(change, trees))

    match tree:
        case Call(_, operands):
            return replace(tree, operands=tuple(None if t is None else change(t) for t in operands))
        case Turned(of) | Part(of) | Item(of) | Length(of):
            return replace(tree, of=change(of))
        case Power(a, b):
            return Power(change(a), change(b))
        case Infix(sign, a, b):
            return Infix(sign, change(a), change(b))
        case MatMul(factors):
            return MatMul(all_of(factors))
        case Sum(terms):
            return Sum(all_of(terms))
        case Product(n, scalars, under, factors, below):
            return Product(n, all_of(scalars), all_of(under), all_of(factors), all_of(below))
    return tree
