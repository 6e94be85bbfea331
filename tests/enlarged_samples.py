"""The samples of the table's rows with longer inputs, estimated and computed, and what torch allocates for them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

import torch
from pullback_server.language import check, parse
from pullback_server.numeric import DTYPES
from pullback_server.operators import BY_NAME, Operator
from pullback_server.operators.samples import draw
from pullback_server.program import Limits, Refusal, TensorType, TypedProgram
from torch.profiler import ProfilerActivity, profile

Types = Mapping[str, TensorType]

BOUNDLESS = Limits(elements=2**1000, memory=2**1000, work=2**1000)
#: How many times as long a sample's lengths are where torch computes it.
MODEST = 8
#: The memory that a process has is so many times what its request is estimated to need.
SPARE = Limits(memory=1).peak_memory
#: Bytes of what does not grow with the operands.
OVERHEAD = 4096


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


def tensors(row: Operator, types: Types) -> dict[str, torch.Tensor]:
    """Inputs of these types from a row's interval; integers are 0, which is an index of every dimension."""
    random, (low, high) = torch.Generator().manual_seed(0), row.interval
    drawn = {}
    for name, t in types.items():
        uniform = torch.rand(t.shape, dtype=torch.float64, generator=random)
        x = uniform * (high - low) + low if t.dtype.floating else uniform > (t.dtype.category or 0.5)
        drawn[name] = x.to(DTYPES[t.dtype]).requires_grad_(t.dtype.floating)
    return drawn


def allocated(function: Callable[[], object]) -> int:
    """The bytes that torch allocates for this and holds at most at one time."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        function()
    now = most = 0
    assert recorded.profiler is not None
    for event in recorded.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    return most
