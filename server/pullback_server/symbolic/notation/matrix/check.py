"""Matrix notation sent back through our own language and compared with the plan, on small random tensors."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ....language import check, parse
from ....numeric import compile_program
from ....program import DType, Limits, Refusal, TensorType

#: The precision to which the two must agree.
TOLERANCE = 1e-9


def value(expression: str, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
    """What an expression of our own language comes to; None where the language refuses it.

    >>> x = torch.ones(2, dtype=torch.float64)
    >>> value("diag(2*x)", {"x": x})
    tensor([[2., 0.],
            [0., 2.]], dtype=torch.float64)
    """
    limits = Limits()
    types = {name: TensorType(_DTYPES[t.dtype], tuple(t.shape)) for name, t in tensors.items()}
    try:
        typed = check(parse(expression, tuple(types), limits), types, limits)
    except Refusal:
        return None
    forward = compile_program(typed)
    return forward.tensor(forward(tensors), forward.output, torch.device("cpu"))


def comes_to(expression: str, tensors: Mapping[str, torch.Tensor], expected: torch.Tensor) -> bool:
    """Whether an expression has the value expected, in its shape."""
    found = value(expression, tensors)
    if found is None or found.shape != expected.shape:
        return False
    return torch.allclose(found.to(torch.float64), expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)


_DTYPES = {getattr(torch, d.label): d for d in DType}
