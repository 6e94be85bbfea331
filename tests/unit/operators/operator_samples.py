"""The table's sample expressions, typed, and their values by the torch column."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import torch
import typed_programs
from pullback_server.numeric.vjp import DTYPES, compile_program, differentiate
from pullback_server.operators import BY_NAME, Operator
from pullback_server.operators.samples import draw
from pullback_server.program import Apply, DType, Program, TensorType, TypedProgram
from pullback_server.symbolic import UPSTREAM, Derivation, evaluator

Tensors = Mapping[str, torch.Tensor]
#: Most rows have the same interval, and so the same values.
_drawn = cache(draw)


def typed(row: Operator, text: str, dtype: DType = DType.FLOAT64) -> TypedProgram:
    """A sample with its types; the floating inputs are of the dtype. Raises Refusal."""
    drawn = _drawn(row.interval)
    types = {
        name: TensorType(dtype if sample.dtype.floating else sample.dtype, sample.shape)
        for name, sample in drawn.items()
    }
    return typed_programs.typed(text, types)


def inputs(row: Operator, program: TypedProgram) -> dict[str, torch.Tensor]:
    """Tensors for the inputs that a sample uses, of the types it was given."""
    drawn = _drawn(row.interval)
    return {
        name: torch.tensor(drawn[name].values, dtype=DTYPES[program.types[number].dtype]).reshape(drawn[name].shape)
        for name, number in program.program.inputs().items()
    }


def by_torch(program: TypedProgram, tensors: dict[str, torch.Tensor]) -> list[Any]:
    """The value of every node by the torch column; numbers of the text are Python numbers."""
    return compile_program(program)(tensors)


def applications(program: Program, row: Operator) -> Iterator[tuple[int, Apply]]:
    """The nodes that apply a row's operator."""
    return ((k, n) for k, n in enumerate(program.nodes) if isinstance(n, Apply) and BY_NAME[n.operator] is row)


def by_both_legs(text: str, inputs: Tensors, upstream: torch.Tensor | None = None) -> tuple[Tensors, Tensors]:
    """The gradients of an expression by autograd and by its closed form, zeros where there is none; ones upstream."""
    program, point = typed_programs.typed_by_tensors(text, inputs), dict(inputs)
    seed = torch.ones(program.output.shape, dtype=torch.float64) if upstream is None else upstream
    numeric = differentiate(compile_program(program), point, tuple(point), seed, torch.device("cpu"))
    plan = Derivation(program, tuple(point)).closed_form().plan
    closed = evaluator(plan)(point | {UPSTREAM: seed})
    return numeric.gradients, {n: torch.zeros_like(inputs[n]) if g is None else g for n, g in closed.items()}
