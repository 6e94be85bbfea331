"""Requests to both legs in process, and what torch itself says of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from pullback_server.numeric import DTYPES
from pullback_server.symbolic import ClosedForm, Code, Derivation, DerivativeKind, Formulas, Notation, Steps
from pullback_server.verdict import Derivative, Differentiator, Operand, Outcome, Request, Response
from pullback_server.verdict.form_cache import FormCache
from pullback_server.verdict.preparation import PreparedProgram, differentiated_inputs, prepare, types_of

Tensors = Mapping[str, torch.Tensor]
#: Formulas by the name of an input, the kind of its derivative, and the notation.
Texts = Mapping[str, Mapping[DerivativeKind, Mapping[Notation, str]]]

JACOBIAN, VJP = DerivativeKind.JACOBIAN, DerivativeKind.VJP
TEXT, LATEX, MATRIX, MATRIX_LATEX = Notation.TEXT, Notation.LATEX, Notation.MATRIX, Notation.MATRIX_LATEX
ENTRIES = Notation.ENTRIES


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


class KeptForms:
    """The closed forms of one process, kept as the service keeps them."""

    def __init__(self) -> None:
        self._forms: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self._forms.get(key)

    def put(self, key: str, form: bytes) -> None:
        self._forms[key] = form

    def stored(self) -> set[str]:
        """The keys of what is kept."""
        return {*self._forms}


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


def form_of(request: Request) -> ClosedForm:
    """The closed form of a request's program, derived once in a run."""
    return _forms().find(prepared(request))[0].form


def derivation_of(request: Request) -> Derivation:
    """The derivation of a request's program, begun anew."""
    program = prepared(request)
    return Derivation(program.typed, program.used)


def texts_of(request: Request, *notations: Notation) -> Texts:
    """The derivatives of a request's program in some notations, each written once in a run; empty where it is not."""
    texts: dict[str, dict[DerivativeKind, dict[Notation, str]]] = {}
    for notation in notations:
        written = _forms().write(prepared(request), notation)
        assert isinstance(written, Formulas)
        for name, formulas in written.inputs.items():
            for kind, formula in formulas.items():
                texts.setdefault(name, {}).setdefault(kind, {})[notation] = str(formula.written)
    return texts


def code_of(request: Request) -> Code:
    """The derivatives of a request's program as code, written once in a run."""
    code = _forms().write(prepared(request), Notation.CODE)
    assert isinstance(code, Code)
    return code


def steps_of(request: Request) -> Steps:
    """The derivation of a request's program step by step, written once in a run."""
    steps = _forms().write(prepared(request), Notation.STEPS)
    assert isinstance(steps, Steps)
    return steps


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


def names(request: Request) -> set[str]:
    """The names of a program's inputs and of its lines."""
    program = prepared(request).typed.program
    return {*program.inputs(), *(name for name, _ in program.bindings)}


def upstream_name(request: Request) -> str:
    """The name of the upstream gradient in printed forms: `v`, unless the program has that name itself."""
    return next(name for name in ("v", "v_", "v__") if name not in names(request))


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


def with_leaves(request: Request, *wrt: str) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The output as torch has it, and the inputs, of which those named record gradients."""
    forward = prepared(request).forward
    leaves = {o.name: o.tensor.detach().clone().requires_grad_(o.name in wrt) for o in request.inputs}
    return forward.tensor(forward(leaves), forward.output, torch.device("cpu")), leaves


def jacobian(request: Request, name: str) -> torch.Tensor:
    """torch's own Jacobian of the output with respect to one input: output's shape, then the input's."""
    output, leaves = with_leaves(request, name)
    leaf, rows = leaves[name], []
    for number in range(output.numel()):
        seed = torch.zeros(output.numel(), dtype=output.dtype)
        seed[number] = 1
        row = None
        if output.requires_grad:
            (row,) = torch.autograd.grad(output, leaf, seed.reshape(output.shape), retain_graph=True, allow_unused=True)
        rows.append(torch.zeros_like(leaf) if row is None else row)
    flat = torch.stack(rows) if rows else torch.zeros(0, *leaf.shape, dtype=leaf.dtype)
    return flat.reshape((*output.shape, *leaf.shape)).detach()
