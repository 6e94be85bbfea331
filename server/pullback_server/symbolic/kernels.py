"""Functions of tensors that torch has no one call for: along axes, and of matrices, nan where a matrix has no value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

AlongAxes = Callable[[torch.Tensor, tuple[int, ...]], torch.Tensor]
OfMatrices = Callable[[torch.Tensor], torch.Tensor]


def product(x: torch.Tensor, axes: tuple[int, ...]) -> torch.Tensor:
    """The product of the entries along the axes."""
    for axis in sorted(axes, reverse=True):
        x = x.prod(axis)
    return x


def product_of_others(x: torch.Tensor, axes: tuple[int, ...]) -> torch.Tensor:
    """At each place the product of all other entries along the axes: products from the left times from the right."""
    order = [k for k in range(x.dim()) if k not in axes] + list(axes)
    permuted = x.permute(order)
    inverse = sorted(range(x.dim()), key=order.__getitem__)
    return _others(permuted.flatten(x.dim() - len(axes))).reshape(permuted.shape).permute(inverse)


def _others(rows: torch.Tensor) -> torch.Tensor:
    one = torch.ones_like(rows[..., :1])
    left = torch.cat([one, rows[..., :-1]], dim=-1).cumprod(-1)
    right = torch.cat([rows[..., 1:], one], dim=-1).flip(-1).cumprod(-1).flip(-1)
    return left * right


def along(function: Callable[..., Any]) -> AlongAxes:
    """A function of torch along one axis, which is the only one."""
    return lambda x, axes: function(x, axes[0])


def backwards(function: AlongAxes) -> AlongAxes:
    """A function along axes that begins at their ends."""
    return lambda x, axes: function(x.flip(axes), axes).flip(axes)


def inverse(x: torch.Tensor) -> torch.Tensor:
    """The inverses of matrices."""
    result: torch.Tensor
    result, info = torch.linalg.inv_ex(x)
    return result.masked_fill((info != 0)[..., None, None], torch.nan)


def log_abs_det(x: torch.Tensor) -> torch.Tensor:
    """The logarithms of the magnitudes of determinants."""
    result: torch.Tensor = torch.linalg.slogdet(x).logabsdet
    return result


def cofactor(x: torch.Tensor) -> torch.Tensor:
    """The derivative of the determinant, also where that is 0: `det(U) det(V) U diag(the others' product) V'`."""
    u, s, vh = torch.linalg.svd(finite(x))
    sign = torch.linalg.det(u) * torch.linalg.det(vh)
    return _nan_where_infinite(x, sign[..., None, None] * (u * _others(s)[..., None, :]) @ vh)


def decomposed(function: Callable[..., Any], output: int | None = None, **arguments: bool) -> OfMatrices:
    """A function of torch's that decomposes matrices by iteration, or one of its outputs."""

    def of_matrices(x: torch.Tensor) -> torch.Tensor:
        result = function(finite(x), **arguments)
        return _nan_where_infinite(x, result if output is None else result[output])

    return of_matrices


def finite(x: torch.Tensor) -> torch.Tensor:
    """The matrices, 0 for those whose entries are not all finite: torch's decompositions do not come back from them."""
    return x.masked_fill(~x.isfinite().all(-1).all(-1)[..., None, None], 0)


def _nan_where_infinite(x: torch.Tensor, result: torch.Tensor) -> torch.Tensor:
    infinite = ~x.isfinite().all(-1).all(-1)
    return result.masked_fill(infinite.reshape(infinite.shape + (1,) * (result.dim() - infinite.dim())), torch.nan)
