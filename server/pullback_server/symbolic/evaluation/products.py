"""Products of tensors summed over labels: contractions, each computed in whichever way costs least."""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import opt_einsum
import torch

from ..lowering.plan import Product

Slots = list[Any]
Closure = Callable[[Slots, Mapping[str, torch.Tensor]], Any]


def product(slots: tuple[int, ...], labels: tuple[tuple[int, ...], ...], out: tuple[int, ...]) -> Closure:
    """The sum of the product of slots over every label that `out` lacks, as a function of the slots."""
    if len(slots) == 2 and set(labels[0]) == set(labels[1]) and len(set(labels[0])) == len(labels[0]):
        return _inner_product(slots, labels, out)
    if len(slots) == 2 and (matrices := _matrix_product(slots, labels, out)) is not None:
        return matrices
    equation = _equation(labels, out)
    if len(slots) <= 2:
        return lambda values, _: torch.einsum(equation, *(values[s] for s in slots))
    paths: dict[tuple[tuple[int, ...], ...], list[tuple[tuple[int, ...], str]]] = {}

    def contract(values: Slots, _: Any) -> Any:
        operands = [values[s] for s in slots]
        shapes = tuple(tuple(o.shape) for o in operands)
        if shapes not in paths:
            paths[shapes] = _path(equation, shapes)
        for positions, contraction in paths[shapes]:
            chosen = [operands.pop(k) for k in positions]
            operands.append(torch.einsum(contraction, *chosen))
        return operands[0]

    return contract


def _inner_product(slots: tuple[int, ...], labels: tuple[tuple[int, ...], ...], out: tuple[int, ...]) -> Closure:
    """The sum of an elementwise product, for which einsum would take many small matrix products."""
    (one, two), (first, second) = slots, labels
    order = tuple(second.index(k) for k in first)
    left = tuple(k for k in first if k in out)
    axes = tuple(number for number, k in enumerate(first) if k not in out)
    permutation = tuple(left.index(k) for k in out)

    def run(values: Slots, _: Any) -> Any:
        if len(first) == 1:
            return values[one].dot(values[two])
        product = values[one] * values[two].permute(order)
        return product.sum(axes).permute(permutation) if axes else product.permute(permutation)

    return run


def _matrix_product(
    slots: tuple[int, ...], labels: tuple[tuple[int, ...], ...], out: tuple[int, ...]
) -> Closure | None:
    """A product of two matrices or vectors, which as such costs less than as an einsum; None where it is none."""
    shared = set(labels[0]) & set(labels[1])
    if len(shared) != 1 or any(len(set(term)) < len(term) for term in labels):
        return None
    (added,) = shared
    one, two = (tuple(k for k in term if k != added) for term in labels)
    if len(one) > 1 or len(two) > 1 or out not in (one + two, two + one):
        return None
    first = 0 if out == one + two else 1
    left, right = slots[first], slots[1 - first]
    left_turned = len(labels[first]) == 2 and labels[first][0] == added
    right_turned = len(labels[1 - first]) == 2 and labels[1 - first][1] == added

    def run(values: Slots, _: Any) -> Any:
        a, b = values[left], values[right]
        return torch.matmul(a.t() if left_turned else a, b.t() if right_turned else b)

    return run


def _equation(labels: tuple[tuple[int, ...], ...], out: tuple[int, ...]) -> str:
    *terms, target = ("".join(string.ascii_letters[k] for k in term) for term in (*labels, out))
    return f"{','.join(terms)}->{target}"


def contractions(step: Product, shapes: Sequence[tuple[int, ...]]) -> Iterator[int]:
    """How many numbers are added up to an entry, by each of the contractions that a product of these shapes takes.

    >>> list(contractions(Product((0, 1), ((0, 1), (1,)), (0,)), [(2, 3), (3,)]))
    [3]
    """
    equation = _equation(step.labels, step.out)
    terms = equation.partition("->")[0].split(",")
    lengths = {k: n for term, shape in zip(terms, shapes, strict=True) for k, n in zip(term, shape, strict=True)}
    path = _path(equation, tuple(map(tuple, shapes))) if len(terms) > 2 else [((), equation)]
    for _, contraction in path:
        operands, _, left = contraction.partition("->")
        yield math.prod(lengths[k] for k in {*operands} - {*left, ","})


def _path(equation: str, shapes: tuple[tuple[int, ...], ...]) -> list[tuple[tuple[int, ...], str]]:
    _, info = opt_einsum.contract_path(equation, *shapes, shapes=True, optimize="auto")
    return [(tuple(step[0]), str(step[2])) for step in info.contraction_list]
