"""What a request would need is estimated from shapes alone, for every row of the table and every form of its samples.

Where that is over a limit the request is refused before anything is allocated; and it is not less than what torch then
allocates.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from enlarged_samples import (
    BOUNDLESS,
    MODEST,
    OVERHEAD,
    SPARE,
    Types,
    allocated,
    enlarged,
    estimated,
    stretched,
    tensors,
)
from pullback_server.language import check, parse
from pullback_server.numeric import compile_program
from pullback_server.operators import TABLE, Operator
from pullback_server.program import Limits, Reason, Refusal, TypedProgram
from row_samples import mostly_slow
from torch.utils._python_dispatch import TorchDispatchMode
from typed_programs import typed_by_shapes

#: Each length of a sample that is not 1 is so many times as long: no machine has tensors of that size.
ASTRONOMIC = 10**12
#: Python's function calls in the check of one sample, however large its tensors are.
CALLS = 5_000


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_call_that_needs_too_much_is_refused_before_anything_is_allocated(row: Operator) -> None:
    asked = 0
    for text, types in enlarged(row, ASTRONOMIC):
        typed, inputs = estimated(text, types), sum(2 * t.elements * t.dtype.size for t in types.values())
        for limit, admitted in {"memory": inputs, "work": typed.work - 1}.items():
            if getattr(typed, limit) <= admitted:
                continue
            refusal, calls = refusal_and_calls(text, types, limit, admitted)
            assert (refusal.reason, refusal.field) == (Reason.LIMIT_EXCEEDED, "expression"), text
            assert f"`{limit}` of {admitted}" in refusal.message, text
            assert refusal.line, text
            assert calls < CALLS, text
            asked += 1
    assert asked, f"no sample of {row.name} stays valid when its inputs grow"


@pytest.mark.parametrize("row", mostly_slow(TABLE, 5), ids=lambda row: row.name)
def test_the_estimate_covers_what_torch_allocates(row: Operator) -> None:
    for text, types in (*enlarged(row, MODEST), *stretched(row, MODEST)):
        typed = estimated(text, types)
        try:
            peak = allocated_for(typed, tensors(row, types))
        except Refusal:  # of values, such as an index out of range
            continue
        assert peak <= SPARE * typed.memory + OVERHEAD, (text, {n: str(t) for n, t in types.items()}, typed.memory)


@pytest.mark.parametrize(
    ("text", "shapes", "limit"),
    [
        # Broadcast inside the operator, to what its result does not show.
        ("mse_loss(x, y)", {"x": (10**6, 1), "y": (1, 10**6)}, "memory"),
        ("gaussian_nll_loss(x, y, 0.5)", {"x": (10**5, 1), "y": (1, 10**5)}, "memory"),
        ("cosine_similarity(x, y, 0)", {"x": (10**6, 1), "y": (1, 10**6)}, "memory"),
        ("pairwise_distance(x, y)", {"x": (10**6, 1), "y": (1, 10**6)}, "memory"),
        ("vecdot(x, y)", {"x": (10**6, 1), "y": (1, 10**6)}, "memory"),
        ("x @ y", {"x": (10**4, 1, 1, 10**3), "y": (10**4, 10**3, 1)}, "memory"),
        # Tensors that stand between operands and result.
        ("scaled_dot_product_attention(x, x, x)", {"x": (10**5, 1)}, "memory"),
        ("bilinear(x, x, y)", {"x": (10**4, 10**3), "y": (1, 10**3, 10**3)}, "memory"),
        ("einsum('a,b,c,abc->', x, x, x, y)", {"x": (600,), "y": (600, 600, 600)}, "elements"),
        ("einsum('ab,cd,ac,bd->', x, x, y, y)", {"x": (8000, 8000), "y": (8000, 8000)}, "work"),
        ("conv2d(x, y)", {"x": (1, 1, 2000, 2000), "y": (1, 1, 100, 100)}, "memory"),
        ("sum(kron(kron(x, x), kron(x, x)))", {"x": (11, 11)}, "elements"),
        ("pinv(x)", {"x": (10**6, 1)}, "memory"),
        ("matrix_power(x, 64)", {"x": (3500, 3500)}, "work"),
        # More work than the sizes show.
        ("avg_pool2d(x, 1000, 1)", {"x": (1, 3000, 3000)}, "work"),
        ("max_pool1d(x, 10**6, 1)", {"x": (1, 4 * 10**6)}, "work"),
        ("matrix_norm(x, 'nuc')", {"x": (9000, 9000)}, "work"),
        ("linalg.norm(x, 2)", {"x": (9000, 9000)}, "work"),
        ("tensordot(x, y, 3)", {"x": (300, 300, 300, 10), "y": (300, 300, 10, 300)}, "elements"),
    ],
)
def test_what_an_operator_needs_on_the_way_is_estimated(
    text: str, shapes: dict[str, tuple[int, ...]], limit: str
) -> None:
    with NoTensors(), pytest.raises(Refusal) as caught:
        typed_by_shapes(text, **shapes)
    assert caught.value.reason is Reason.LIMIT_EXCEEDED
    assert f"`{limit}`" in caught.value.message


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        # Tall matrices, of which no square is made.
        ("svd(x, False)[0]", {"x": (10**6, 10)}),
        ("svdvals(x)", {"x": (10**6, 10)}),
        ("matrix_norm(x, 2)", {"x": (10**6, 10)}),
        # A few columns, a layer, a batch.
        ("linear(x, y, z)", {"x": (10**6, 20), "y": (50, 20), "z": (50,)}),
        ("conv2d(x, y)", {"x": (16, 3, 200, 200), "y": (16, 3, 3, 3)}),
        ("scaled_dot_product_attention(x, x, x)", {"x": (8, 1000, 64)}),
        ("einsum('ij,jk,kl->il', x, y, x)", {"x": (1000, 1000), "y": (1000, 1000)}),
        ("cat([x, x, x, x, x, x, x, x])", {"x": (4 * 10**6,)}),
        ("softmax(x @ y, -1)", {"x": (10**5, 50), "y": (50, 10)}),
    ],
)
def test_what_torch_computes_in_a_second_or_two_is_not_refused(text: str, shapes: dict[str, tuple[int, ...]]) -> None:
    assert typed_by_shapes(text, **shapes).memory < Limits().memory


@pytest.mark.parametrize(
    "text",
    ["split(x, 1)[0]", "split(x, 1)[-1]", "chunk(x, 10**8)[3]", "unbind(x)[5]", "chunk(x[:0], 10**12)[10**11]"],
)
def test_one_part_of_very_many_costs_no_more_than_one_of_two(text: str) -> None:
    typed = typed_by_shapes(text, x=(10**8,))
    assert calls_of(lambda: typed_by_shapes(text, x=(10**8,))) < CALLS
    # A tensor that has all these entries in one number.
    assert allocated_for(typed, {"x": torch.zeros(()).expand(10**8)}) < OVERHEAD


class NoTensors(TorchDispatchMode):
    """Fails where torch computes or allocates anything."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError(f"{function} was called")


def refusal_and_calls(text: str, types: Types, limit: str, admitted: int) -> tuple[Refusal, int]:
    """The refusal where a limit is as low as this, and how many calls of Python functions it took."""
    program = parse(text, tuple(types), BOUNDLESS)
    limits = replace(BOUNDLESS, **{limit: admitted})

    def ask() -> Refusal:
        with NoTensors(), pytest.raises(Refusal) as caught:
            check(program, types, limits)
        return caught.value

    refusals: list[Refusal] = []
    calls = calls_of(lambda: refusals.append(ask()))
    return refusals[0], calls


def calls_of(function: Callable[[], object]) -> int:
    """How many functions are called, Python's and those written in C."""
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
    return calls


def allocated_for(typed: TypedProgram, inputs: Mapping[str, torch.Tensor]) -> int:
    """The bytes that are held at most at one time for a value and its gradients, inputs included."""
    forward = compile_program(typed)

    def differentiate() -> None:
        output = forward(inputs)[typed.program.output]
        if isinstance(output, torch.Tensor) and output.requires_grad:
            sources = [x for x in inputs.values() if x.requires_grad]
            torch.autograd.grad(output, sources, torch.ones_like(output), allow_unused=True)

    return allocated(differentiate) + sum(x.untyped_storage().nbytes() for x in inputs.values())
