"""The samples of the table's rows on both legs, and how many of the cases of large tables the default suite checks."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import torch
from both_legs import request_for
from pullback_server.numeric import DTYPES
from pullback_server.operators import BY_NAME, TABLE, Operator
from pullback_server.operators.samples import draw
from pullback_server.verdict import Request

#: Of the cases of a large table one in this many is checked in the default suite: of the rows' tables the same rows.
STRIDE = 25


def mostly_slow(cases: Iterable[Any], every: int = STRIDE) -> list[Any]:
    """Cases for parametrize: one in `every` is checked in the default suite, the others by the slow tests."""
    return [pytest.param(case, marks=[pytest.mark.slow] * bool(place % every)) for place, case in enumerate(cases)]


def all_slow(cases: Iterable[Any]) -> list[Any]:
    """Cases for parametrize that only the slow tests check."""
    return [pytest.param(case, marks=pytest.mark.slow) for case in cases]


def samples(rows: Iterable[Operator] = TABLE) -> Iterator[tuple[Operator, str]]:
    """Every sample whose value can be differentiated, with its row."""
    return ((row, text) for row in rows for text in row.samples if (row.name, text) not in NOT_DIFFERENTIABLE)


#: Samples whose value holds integers.
NOT_DIFFERENTIABLE = {("sum", "sum(mask, 1)")}


def sample_inputs(
    row: Operator, text: str, seed: int = 0, dtype: torch.dtype = torch.float64
) -> dict[str, torch.Tensor]:
    """The inputs that a sample names, drawn from its row's interval; the floating ones of that dtype."""
    named = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)} - set(BY_NAME)
    inputs = {}
    for name, sample in draw(row.interval, seed).items():
        if name in named:
            kind = dtype if sample.dtype.floating else DTYPES[sample.dtype]
            inputs[name] = torch.tensor(sample.values, dtype=torch.float64).to(kind).reshape(sample.shape)
    return inputs


def sample_requests(
    row: Operator, seed: int = 0, dtype: torch.dtype = torch.float64, upstream: int | None = 1
) -> Iterator[tuple[str, Request]]:
    """A row's samples as requests, with the seeds of the inputs and of the upstream gradient; of ones without one."""
    for _, text in samples([row]):
        yield text, request_for(text, sample_inputs(row, text, seed, dtype), upstream)
