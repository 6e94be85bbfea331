"""What a request would need is estimated from shapes alone, for every row of the table and every form of its samples.

Where that is over a limit the request is refused before anything is allocated; and it is not less than what torch then
allocates.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from pullback_server.language import check, parse
from pullback_server.numeric import DTYPES, compile_program
from pullback_server.operators import BY_NAME, TABLE, Operator
from pullback_server.operators.samples import draw
from pullback_server.program import Limits, Reason, Refusal, TensorType, TypedProgram
from row_samples import mostly_slow
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from typed_programs import typed_by_shapes

Types = Mapping[str, TensorType]

BOUNDLESS = Limits(elements=2**1000, memory=2**1000, work=2**1000)
#: Each length of a sample that is not 1 is so many times as long: no machine has tensors of that size.
ASTRONOMIC = 10**12
#: The same for tensors that torch computes with here.
MODEST = 8
#: Python's function calls in the check of one sample, however large its tensors are.
CALLS = 5_000
#: A worker's memory is so many times what its request is estimated to need: see `Isolation`.
SPARE = 2
#: Bytes of what does not grow with the operands.
OVERHEAD = 4096


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
            peak = allocated(typed, tensors(row, types))
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
    "text",
    ["split(x, 1)[0]", "split(x, 1)[-1]", "chunk(x, 10**8)[3]", "unbind(x)[5]", "chunk(x[:0], 10**12)[10**11]"],
)
def test_one_part_of_very_many_costs_no_more_than_one_of_two(text: str) -> None:
    typed = typed_by_shapes(text, x=(10**8,))
    assert calls_of(lambda: typed_by_shapes(text, x=(10**8,))) < CALLS
    # A tensor that has all these entries in one number.
    assert allocated(typed, {"x": torch.zeros(()).expand(10**8)}) < OVERHEAD


def enlarged(row: Operator, times: int) -> Iterator[tuple[str, Types]]:
    """A row's samples with longer inputs, in as many dimensions as stay valid: a sample may name a length."""
    for text in row.samples:
        types = named(row, text)
        for kept in (1,), (1, 2), (1, 3), (1, 4), (1, 2, 3, 4):
            longer = {
                name: TensorType(t.dtype, tuple(n if n in kept else n * times for n in t.shape))
                for name, t in types.items()
            }
            if valid(text, longer):
                yield text, longer
                break


def stretched(row: Operator, times: int) -> Iterator[tuple[str, Types]]:
    """The same where every other floating input has a length of 1 along some dimensions, and the others elsewhere."""
    for text, types in enlarged(row, times):
        floating = [name for name, t in types.items() if t.dtype.floating]
        for pattern in range(2 ** max((types[name].rank for name in floating), default=0)):
            changed = dict(types)
            for place, name in enumerate(floating):
                ones = [bool(pattern >> axis & 1) is bool(place % 2) for axis in range(types[name].rank)]
                shape = tuple(1 if one else n for one, n in zip(ones, types[name].shape, strict=True))
                changed[name] = TensorType(types[name].dtype, shape)
            if valid(text, changed):
                yield text, changed


def named(row: Operator, text: str) -> Types:
    """The types of the inputs that a sample names."""
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)} - set(BY_NAME)
    return {n: TensorType(s.dtype, s.shape) for n, s in draw(row.interval).items() if n in names}


def estimated(text: str, types: Types) -> TypedProgram:
    """A sample with its estimates. Raises Refusal where its inputs do not fit it."""
    return check(parse(text, tuple(types), BOUNDLESS), types, BOUNDLESS)


def valid(text: str, types: Types) -> bool:
    """Whether a sample takes inputs of these types."""
    try:
        estimated(text, types)
    except Refusal:
        return False
    return True


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


def tensors(row: Operator, types: Types) -> dict[str, torch.Tensor]:
    """Inputs of these types from a row's interval; integers are 0, which is an index of every dimension."""
    random, (low, high) = torch.Generator().manual_seed(0), row.interval
    drawn = {}
    for name, t in types.items():
        uniform = torch.rand(t.shape, dtype=torch.float64, generator=random)
        x = uniform * (high - low) + low if t.dtype.floating else uniform > (t.dtype.category or 0.5)
        drawn[name] = x.to(DTYPES[t.dtype]).requires_grad_(t.dtype.floating)
    return drawn


def allocated(typed: TypedProgram, inputs: dict[str, torch.Tensor]) -> int:
    """The bytes that are allocated at most at one time for a value and its gradients, inputs included."""
    forward = compile_program(typed)

    def differentiate() -> None:
        output = forward(inputs)[typed.program.output]
        if isinstance(output, torch.Tensor) and output.requires_grad:
            sources = [x for x in inputs.values() if x.requires_grad]
            torch.autograd.grad(output, sources, torch.ones_like(output), allow_unused=True)

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        differentiate()
    now = most = sum(x.untyped_storage().nbytes() for x in inputs.values())
    assert recorded.profiler is not None
    for event in recorded.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    return most
