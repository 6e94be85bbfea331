"""How tensors are reduced over axes, and run along them, by the kind of the step."""

from __future__ import annotations

from collections.abc import Callable

import torch


def _others(x: torch.Tensor, axes: tuple[int, ...]) -> torch.Tensor:
    """At each place the product of all other entries along the axes: products from the left times from the right."""
    order = [k for k in range(x.dim()) if k not in axes] + list(axes)
    moved = x.permute(order)
    flat = moved.flatten(x.dim() - len(axes))
    one = torch.ones_like(flat[..., :1])
    left = torch.cat([one, flat[..., :-1]], dim=-1).cumprod(-1)
    right = torch.cat([flat[..., 1:], one], dim=-1).flip(-1).cumprod(-1).flip(-1)
    inverse = sorted(range(x.dim()), key=order.__getitem__)
    return (left * right).reshape(moved.shape).permute(inverse)


def _prod(x: torch.Tensor, axes: tuple[int, ...]) -> torch.Tensor:
    for axis in sorted(axes, reverse=True):
        x = x.prod(axis)
    return x


#: How a tensor is reduced over axes, by kind.
REDUCERS: dict[str, Callable[[torch.Tensor, tuple[int, ...]], torch.Tensor]] = {
    "sum": lambda x, axes: x.sum(axes),
    "max": lambda x, axes: x.amax(axes),
    "min": lambda x, axes: x.amin(axes),
    "logsumexp": lambda x, axes: x.logsumexp(axes),
    "softmax": lambda x, axes: x.softmax(axes[0]),
    "prod": _prod,
    "product_of_others": _others,
    "cumsum": lambda x, axes: x.cumsum(axes[0]),
    "cumsum_back": lambda x, axes: x.flip(axes[0]).cumsum(axes[0]).flip(axes[0]),
    "cumprod": lambda x, axes: x.cumprod(axes[0]),
    "cumprod_back": lambda x, axes: x.flip(axes[0]).cumprod(axes[0]).flip(axes[0]),
    "cumlogsumexp": lambda x, axes: x.logcumsumexp(axes[0]),
    "cumlogsumexp_back": lambda x, axes: x.flip(axes[0]).logcumsumexp(axes[0]).flip(axes[0]),
}
