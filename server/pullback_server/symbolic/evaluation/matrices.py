"""Functions of matrices evaluated on tensors, nan where a matrix has none; they work on the last two dimensions.

The axes that a result has of its own come last.
"""

from __future__ import annotations

from collections.abc import Callable

import torch


def _inverse(x: torch.Tensor) -> torch.Tensor:
    inverse: torch.Tensor
    inverse, info = torch.linalg.inv_ex(x)
    return inverse.masked_fill((info != 0)[..., None, None], torch.nan)


def _finite(x: torch.Tensor) -> torch.Tensor:
    """torch's iterative decompositions do not come back from entries that are not finite."""
    return x.masked_fill(~x.isfinite().all(-1).all(-1)[..., None, None], 0)


def _spoilt(x: torch.Tensor, result: torch.Tensor) -> torch.Tensor:
    bad = ~x.isfinite().all(-1).all(-1)
    return result.masked_fill(bad.reshape(bad.shape + (1,) * (result.dim() - bad.dim())), torch.nan)


def _cofactor(x: torch.Tensor) -> torch.Tensor:
    """The derivative of the determinant, also where that is 0: `det(U) det(V) U diag(the others' product) V'`."""
    u, s, vh = torch.linalg.svd(_finite(x))
    sign = torch.linalg.det(u) * torch.linalg.det(vh)
    one = torch.ones_like(s[..., :1])
    left = torch.cat([one, s[..., :-1]], dim=-1).cumprod(-1)
    right = torch.cat([s[..., 1:], one], dim=-1).flip(-1).cumprod(-1).flip(-1)
    return _spoilt(x, sign[..., None, None] * (u * (left * right)[..., None, :]) @ vh)


def _decomposed(function: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda x: _spoilt(x, function(_finite(x)))


#: By the kind of the definition.
MATRIX_FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "inv": _inverse,
    "det": torch.linalg.det,
    "cofactor": _cofactor,
    "logdet": torch.logdet,
    "logabsdet": lambda x: torch.linalg.slogdet(x)[1],
    "pinv": _decomposed(torch.linalg.pinv),
    "eigenvalues": _decomposed(torch.linalg.eigvalsh),
    "eigenvectors": _decomposed(lambda x: torch.linalg.eigh(x)[1]),
    "singular_values": _decomposed(torch.linalg.svdvals),
    "left_vectors": _decomposed(lambda x: torch.linalg.svd(x, full_matrices=False)[0]),
    "right_vectors": _decomposed(lambda x: torch.linalg.svd(x, full_matrices=False)[2]),
}


def of_matrix_function(
    kind: str, value: torch.Tensor, x: torch.Tensor, error: torch.Tensor, unit: float
) -> torch.Tensor:
    """How far a function of a matrix may be off, to first order, where the matrix is off by `error`.

    Backward stable algorithms find it for a matrix that is off by roundings of its norm (G. H. Golub and C. F. Van
    Loan, Matrix Computations, 4th ed., 2013), which the function's own condition then carries on.
    """
    rows, columns = x.shape[-2:]
    norm = x.abs().amax((-2, -1), keepdim=True) if x.numel() else x.new_zeros(())
    moved = error + unit * max(rows, columns) * norm
    size = moved.flatten(-2).norm(dim=-1) if x.numel() else x.new_zeros(x.shape[:-2])
    match kind:
        case "inv":
            return value.abs() @ moved @ value.abs()
        case "pinv":
            spread: torch.Tensor = torch.linalg.matrix_norm(_finite(value), 2) ** 2 * size
            return torch.zeros_like(value) + 3 * spread[..., None, None]
        case "det" | "cofactor" | "logdet" | "logabsdet":
            cofactors = _cofactor(x).abs()
            if kind == "cofactor":
                # Entry by entry a polynomial, whose slopes leave out the two least singular values.
                least = torch.linalg.svdvals(_finite(x)).clamp(min=torch.finfo(x.dtype).tiny)[..., -2:]
                condition = 2 * columns * size / least[..., 0] if columns > 1 else torch.zeros_like(size)
                largest = cofactors.flatten(-2).amax(-1) if columns else size
                return torch.zeros_like(value) + ((condition + unit * max(rows, columns)) * largest)[..., None, None]
            lost = (cofactors * moved).sum((-2, -1))
            return lost if kind == "det" else lost / torch.linalg.det(x).abs() + unit * value.abs()
        case "eigenvalues" | "singular_values":
            return torch.zeros_like(value) + size[..., None]
        case _:
            symmetric = kind == "eigenvectors"
            values = torch.linalg.eigvalsh(_finite(x)) if symmetric else torch.linalg.svdvals(_finite(x))
            gaps = (values[..., :, None] - values[..., None, :]).abs()
            gaps = gaps.masked_fill(torch.eye(gaps.shape[-1], dtype=torch.bool, device=x.device), torch.inf)
            nearest = gaps.amin(-1) if symmetric else torch.minimum(gaps.amin(-1), values)
            turned = size[..., None] / nearest
            along = turned[..., :, None] if kind == "right_vectors" else turned[..., None, :]
            return torch.zeros_like(value) + along + unit
