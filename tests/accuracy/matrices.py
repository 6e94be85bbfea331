"""Functions of matrices in float32 against the same in float64: LAPACK's algorithms are the same in both."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from pullback_server.symbolic.evaluation.running_error import step_error
from pullback_server.symbolic.lowering.plan import MatrixFunction
from pullback_server.symbolic.primitives import MATRIX_FUNCTIONS

from .share import Share, share_of

SIZES = (1, 2, 3, 5, 10, 30)
#: The largest singular value over the least.
CONDITIONS = (1.0, 10.0, 1e3)
#: Vectors have a sign of their own, which is chosen so that they are nearest.
VECTORS = {"eigenvectors": -2, "left_vectors": -2, "right_vectors": -1}
#: An error that is not small beside the value is beyond the bound, which is of first order.
FIRST_ORDER = 1e-2


def shares(count: int, seed: int = 0) -> Iterator[Share]:
    """The shares of all functions, on so many matrices of each size and condition."""
    for kind in MATRIX_FUNCTIONS:
        for size in SIZES:
            for condition in CONDITIONS:
                yield _share(
                    kind, matrices(kind, size, condition, count, seed), f"{size} rows, condition {condition:g}"
                )


def matrices(kind: str, size: int, condition: float, count: int, seed: int) -> torch.Tensor:
    """Matrices of this condition in float32; symmetric ones for eigenvalues."""
    random = torch.Generator().manual_seed(seed)
    left, right = torch.linalg.qr(torch.randn(2, count, size, size, dtype=torch.float64, generator=random))[0]
    values = torch.logspace(0, -torch.log10(torch.tensor(condition)), size, dtype=torch.float64)
    if kind.startswith("eigen"):
        symmetric = left * values @ left.mT
        return ((symmetric + symmetric.mT) / 2).float()
    return (left * values @ right.mT).float()


def _share(kind: str, x: torch.Tensor, where: str) -> Share:
    step, wide = MatrixFunction(kind, 0, (1, 2)), x.double()
    computed, exact = MATRIX_FUNCTIONS[kind].torch(x).double(), MATRIX_FUNCTIONS[kind].torch(wide)
    axis = VECTORS.get(kind)
    if axis is not None:
        computed = computed * torch.where((computed * exact).sum(axis, keepdim=True) < 0, -1, 1)
    info = torch.finfo(torch.float32)
    allowed = step_error(step, exact, [wide], [torch.zeros_like(wide)], {}, info.eps)
    size = exact.abs().reshape(len(x), -1).amax(-1).reshape(-1, *[1] * (exact.dim() - 1))
    errors = (computed - exact).abs()
    # Below the smallest normal number a dtype has fewer digits.
    errors = torch.where((errors > info.tiny) & (allowed <= FIRST_ORDER * size), errors, 0)
    return Share(kind, "float32", share_of(errors, allowed)[0], where)
