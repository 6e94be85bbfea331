"""Requests to both legs in process, and what torch itself says of them."""

from __future__ import annotations

import ast
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from formula_reader import INPUT, OUTPUT, Array, free_letters, read
from pullback_server.numeric import DTYPES
from pullback_server.operators import BY_NAME, TABLE, Operator
from pullback_server.operators.samples import draw
from pullback_server.symbolic import Explanation, Forms
from pullback_server.verdict import (
    Derivative,
    DerivativeKind,
    Differentiator,
    Notation,
    Operand,
    Outcome,
    Request,
    Response,
)
from pullback_server.verdict.form_cache import FormCache
from pullback_server.verdict.preparation import PreparedProgram, differentiated_inputs, prepare, types_of

Tensors = Mapping[str, torch.Tensor]

JACOBIAN, VJP = DerivativeKind.JACOBIAN, DerivativeKind.VJP
TEXT, LATEX, MATRIX, MATRIX_LATEX = Notation.TEXT, Notation.LATEX, Notation.MATRIX, Notation.MATRIX_LATEX
ENTRIES = Notation.ENTRIES


#: Of the cases of a large table one in this many is checked in the default suite: of the rows' tables the same rows.
STRIDE = 25


def mostly_slow(cases: Iterable[Any], every: int = STRIDE) -> list[Any]:
    """Cases for parametrize: one in `every` is checked in the default suite, the others by the slow tests."""
    return [pytest.param(case, marks=[pytest.mark.slow] * bool(place % every)) for place, case in enumerate(cases)]


class SharedForms:
    """The closed forms that any process of this run of the suite has derived, as the service's workers share them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> bytes | None:
        try:
            return (self._folder / key).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, key: str, form: bytes) -> None:
        written = self._folder / f"{key}.{os.getpid()}"
        written.write_bytes(form)
        written.replace(self._folder / key)


@cache
def shared_forms() -> SharedForms:
    """In the folder that `conftest` makes for a run."""
    return SharedForms(Path(os.environ["PULLBACK_TEST_FORMS"]))


@cache
def differentiator() -> Differentiator:
    """One on the CPU for all requests of a test process; each form is derived once in a run."""
    return Differentiator("cpu", forms=shared_forms())


@cache
def _forms() -> FormCache:
    return FormCache(shared_forms())


def forms_of(request: Request) -> Forms:
    """The closed forms of a request's program, derived once in a run."""
    return _forms().find(prepared(request))[0].forms


def explanation_of(request: Request) -> Explanation:
    """The explanation of a request's program, made once in a run."""
    return _forms().explanation(prepared(request))


def tensors(seed: int = 0, low: float = 0.2, high: float = 1.0, **shapes: tuple[int, ...]) -> dict[str, torch.Tensor]:
    """Float64 tensors of these shapes with entries between the two."""
    random = torch.Generator().manual_seed(seed)
    return {n: torch.rand(s, dtype=torch.float64, generator=random) * (high - low) + low for n, s in shapes.items()}


def request_for(expression: str, inputs: Tensors, seed: int | None = 1) -> Request:
    """A request with a random upstream gradient of the output's shape and dtype; of ones without a seed."""
    request = Request(expression, tuple(Operand(name, tensor) for name, tensor in inputs.items()))
    output = prepared(request).typed.output
    if seed is None:
        upstream = torch.ones(output.shape)
    else:
        upstream = torch.randn(output.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return replace(request, upstream=upstream.to(DTYPES[output.dtype]))


def prepared(request: Request) -> PreparedProgram:
    """The request's program, checked and compiled."""
    d = differentiator()
    return prepare(request.expression, types_of(request), differentiated_inputs(request), d.limits)


def final(request: Request, by: Differentiator | None = None) -> Response:
    """The last response, which is the one that a caller gets who waits."""
    *_, last = (by or differentiator()).respond(request)
    return last


def ask(expression: str, inputs: Tensors, seed: int | None = 1) -> Response:
    """The final response to an expression on these inputs."""
    return final(request_for(expression, inputs, seed))


def disagreements(response: Response) -> list[str]:
    """The verdicts of a response that are neither AGREE nor PRECISION_LIMITED, in words."""
    return [
        f"{d.name}: {d.verdict.outcome.name} {d.verdict.reason or ''} {d.verdict.message}"
        for d in response.derivatives
        if d.verdict.outcome not in (Outcome.AGREE, Outcome.PRECISION_LIMITED)
    ]


def by_name(response: Response) -> dict[str, Derivative]:
    """A response's derivatives by the names of their inputs."""
    return {d.name: d for d in response.derivatives}


def jacobian(request: Request, name: str) -> torch.Tensor:
    """torch's own Jacobian of the output with respect to one input: output's shape, then the input's."""
    forward, program = prepared(request).forward, prepared(request).typed
    values = forward({o.name: o.tensor.detach().requires_grad_(o.name == name) for o in request.inputs})
    output = forward.tensor(values, program.program.output, torch.device("cpu"))
    leaf = values[program.program.inputs()[name]]
    rows = []
    for number in range(output.numel()):
        seed = torch.zeros(output.numel(), dtype=output.dtype)
        seed[number] = 1
        row = None
        if output.requires_grad:
            (row,) = torch.autograd.grad(output, leaf, seed.reshape(output.shape), retain_graph=True, allow_unused=True)
        rows.append(torch.zeros_like(leaf) if row is None else row)
    flat = torch.stack(rows) if rows else torch.zeros(0, *leaf.shape, dtype=leaf.dtype)
    return flat.reshape((*output.shape, *leaf.shape)).detach()


@dataclass(frozen=True)
class Reading:
    """The values of the printed forms of one input, and torch's; each pair in one shape."""

    jacobian: Array
    vjp: Array
    jacobian_entries: Array | None
    vjp_entries: Array | None
    expected_jacobian: Array
    expected_vjp: Array


def reading(request: Request, derivative: Derivative) -> Reading:
    """The text of an input's closed forms, read back and evaluated at the request's tensors."""
    values = {o.name: o.tensor.to(torch.float64).numpy() for o in request.inputs}
    program = prepared(request).typed
    assert request.upstream is not None
    used = set(program.program.inputs())
    taken = used | {name for name, _ in program.program.bindings}
    upstream_name = next(name for name in ("v", "v_", "v__") if name not in taken)
    values[upstream_name] = request.upstream.to(torch.float64).numpy()
    taken.add(upstream_name)
    output, shape = tuple(program.output.shape), tuple(values[derivative.name].shape)
    input_axes = _axes(INPUT, taken, shape)
    axes = _axes(OUTPUT, taken, output) | input_axes
    expected = jacobian(request, derivative.name).numpy()
    return Reading(
        read(derivative.formula(JACOBIAN, TEXT), values, axes).reshape(output + shape),
        read(derivative.formula(VJP, TEXT), values, input_axes).reshape(shape),
        _entries(derivative.formula(JACOBIAN, ENTRIES), values, output + shape),
        _entries(derivative.formula(VJP, ENTRIES), values, shape),
        expected,
        np.tensordot(values[upstream_name], expected, axes=len(output)),
    )


def _axes(alphabet: str, taken: set[str], shape: tuple[int, ...]) -> dict[str, int]:
    lengths = [n for n in shape if n != 1]
    return dict(zip(free_letters(alphabet, taken, len(lengths)), lengths, strict=True))


def _entries(texts: tuple[str, ...], values: Mapping[str, Array], shape: tuple[int, ...]) -> Array | None:
    if not texts:
        return None
    assert len(texts) == math.prod(shape), f"{len(texts)} entries for shape {shape}"
    return np.array([read(text, values, {}) for text in texts], dtype=float).reshape(shape)


def misread(values: Reading, tolerance: float = 1e-10) -> list[str]:
    """Which of the printed forms do not have torch's values."""
    pairs = (
        ("jacobian", values.jacobian, values.expected_jacobian),
        ("vjp", values.vjp, values.expected_vjp),
        ("jacobian entries", values.jacobian_entries, values.expected_jacobian),
        ("vjp entries", values.vjp_entries, values.expected_vjp),
    )
    return [
        name
        for name, printed, expected in pairs
        if printed is not None and not np.allclose(printed, expected, rtol=tolerance, atol=tolerance)
    ]


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
