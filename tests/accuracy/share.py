"""The largest share of its allowed error that a kernel reaches over some entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch

#: A share of the allowed error that a measurement over a sample may reach: there is a third more room than that.
ROOM = 0.75
#: The dtypes whose kernels differ; those of 16 bits compute in 32.
DTYPES = (torch.float32, torch.float64)


@dataclass(frozen=True)
class Share:
    """The largest share that one kernel reaches in one dtype, and where."""

    kernel: str
    dtype: str
    share: float
    where: str = ""


def share_of(errors: torch.Tensor, allowed: torch.Tensor) -> tuple[float, int]:
    """The largest of the errors' shares of what is allowed, and its place; infinite where an error is not allowed."""
    if not errors.numel():
        return 0.0, 0
    shares = torch.where(errors == 0, 0, errors / allowed).nan_to_num(nan=0.0, posinf=torch.inf).reshape(-1)
    place = int(shares.argmax())
    return float(shares[place]), place


def largest(shares: Iterable[Share]) -> list[Share]:
    """The largest share of each kernel in each dtype, in order of their first appearance."""
    worst: dict[tuple[str, str], Share] = {}
    for share in shares:
        known = worst.setdefault((share.kernel, share.dtype), share)
        if share.share > known.share:
            worst[share.kernel, share.dtype] = share
    return list(worst.values())
