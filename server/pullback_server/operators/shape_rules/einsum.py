"""The letters of contractions: equations as einsum has them, and those that tensordot and inner come to."""

from __future__ import annotations

import math
import string
from dataclasses import dataclass
from typing import Any

from opt_einsum.paths import auto

from ..operator import OperandError
from .common import axes_of

Labels = list[str]

#: Stand for the dimensions of `...`, from the last to the first.
_DOTS = string.digits


def read_equation(equation: str, ranks: tuple[int, ...]) -> tuple[list[Labels], Labels]:
    """The labels of each operand and of the result; raises OperandError.

    >>> read_equation("ij,jk", (2, 2))
    ([['i', 'j'], ['j', 'k']], ['i', 'k'])
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise OperandError(
            f"{len(terms)} terms for {len(ranks)} operands", "one term for each operand, such as 'ij,jk->ik'"
        )
    labels = [_labels(term, rank) for term, rank in zip(terms, ranks, strict=True)]
    every = [label for letters in labels for label in letters]
    dots = sorted({label for label in every if label in _DOTS}, reverse=True)
    if not arrow:
        return labels, dots + sorted(label for label in {*every} if label not in _DOTS and every.count(label) == 1)
    out = _labels(right, len(right.replace("...", "")) + len(dots))
    if len({*out}) < len(out) or not {*out} <= {*every}:
        raise OperandError(f"the result `{right}`", "labels of the operands, each once")
    return labels, out


def _labels(term: str, rank: int) -> Labels:
    letters = term.replace("...", "")
    if not all(c in string.ascii_letters for c in letters) or term.count("...") > 1:
        raise OperandError(f"the term `{term}`", "letters and `...`")
    missing = rank - len(letters)
    if missing < 0 or (missing and "..." not in term) or missing > len(_DOTS):
        raise OperandError(
            f"the term `{term}` for a tensor of rank {rank}", "a letter for each dimension, or `...` for several"
        )
    before, _, after = term.partition("...")
    return [*before, *reversed(_DOTS[:missing]), *after]


@dataclass(frozen=True, slots=True)
class Contraction:
    """One of the steps that an einsum takes: the combinations of its labels, and the elements of its result."""

    combinations: int
    elements: int


def contractions(equation: str, shapes: tuple[tuple[int, ...], ...]) -> list[Contraction]:
    """The steps of an einsum in torch's order, which is opt_einsum's where there are more than two operands.

    >>> contractions("ij,jk,k->i", ((2, 3), (3, 4), (4,)))
    [Contraction(combinations=12, elements=3), Contraction(combinations=6, elements=2)]
    """
    labels, out = read_equation(equation, tuple(map(len, shapes)))
    lengths: dict[str, int] = {}
    for letters, shape in zip(labels, shapes, strict=True):
        for label, n in zip(letters, shape, strict=True):
            lengths[label] = n if lengths.get(label, 1) == 1 else lengths[label]
    terms = [frozenset(letters) for letters in labels]
    path = auto(terms, frozenset(out), lengths) if len(terms) > 2 else [tuple(range(len(terms)))]
    steps = []
    for positions in path:
        joined = frozenset[str]().union(*(terms.pop(k) for k in sorted(positions, reverse=True)))
        terms.append(joined & frozenset(out).union(*terms))
        steps.append(Contraction(*(math.prod(lengths[k] for k in each) for each in (joined, terms[-1]))))
    return steps


def contracted_axes(dims: Any, a: int, b: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes of both that tensordot sums over."""
    if isinstance(dims, int):
        if not 0 <= dims <= min(a, b):
            raise OperandError(f"dims={dims} for ranks {a} and {b}", f"from 0 to {min(a, b)}")
        return tuple(range(a - dims, a)), tuple(range(dims))
    pairs = tuple(d if isinstance(d, tuple) else (d,) for d in dims)
    if len(pairs) != 2 or len(pairs[0]) != len(pairs[1]):
        raise OperandError(f"dims={dims}", "a number, or two lists of equally many dimensions")
    if not pairs[0]:
        return (), ()
    if not (a and b):
        raise OperandError(f"dims={dims} for ranks {a} and {b}", "0, since a number has no dimensions")
    return axes_of(pairs[0], a), axes_of(pairs[1], b)


def tensordot_equation(dims: Any, a: int, b: int) -> str:
    """The equation of tensordot for tensors of ranks a and b; raises OperandError.

    >>> tensordot_equation(1, 2, 2)
    'ab,bd->ad'
    """
    first, second = contracted_axes(dims, a, b)
    left, right = list(string.ascii_letters[:a]), list(string.ascii_letters[a : a + b])
    for x, y in zip(first, second, strict=True):
        right[y] = left[x]
    out = [c for k, c in enumerate(left) if k not in first] + [c for k, c in enumerate(right) if k not in second]
    return f"{''.join(left)},{''.join(right)}->{''.join(out)}"


def inner_equation(a: int, b: int) -> str:
    """The equation of the products over the last dimension of tensors of ranks a and b; a number has none.

    >>> inner_equation(2, 1)
    'ab,b->a'
    """
    if not a or not b:
        return f"{string.ascii_letters[:a]},{string.ascii_letters[:b]}"
    left, right = string.ascii_letters[:a], string.ascii_letters[a : a + b - 1] + string.ascii_letters[a - 1]
    return f"{left},{right}->{left[:-1]}{right[:-1]}"
