"""Which device computes, and what happens when its memory is full."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from functools import cache
from types import TracebackType

import torch


class DeviceExhausted(Exception):
    """The device did not have enough memory for this request."""


def best_device() -> torch.device:
    """The best available device: CUDA, then any other accelerator, then the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", 0)
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return torch.device(accelerator.type, 0) if accelerator is not None else torch.device("cpu")


@cache
def supports(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether a device computes in a dtype; some accelerators lack float64."""
    try:
        return bool(torch.ones(1, dtype=dtype, device=device).add(1).sum().isfinite())
    except (AssertionError, RuntimeError, TypeError):
        return False


def device_for(device: torch.device, dtypes: Iterable[torch.dtype]) -> torch.device:
    """The device itself if it supports all these dtypes, otherwise the CPU."""
    return device if device.type == "cpu" or all(supports(device, d) for d in dtypes) else torch.device("cpu")


def usable(device: torch.device) -> bool:
    """Whether a device still computes: a device error, such as an access out of bounds, makes its context unusable.

    >>> usable(torch.device("cpu"))
    True
    """
    try:
        return torch.ones(1, device=device).add(1).item() == 2
    except RuntimeError:
        return False


class MemoryGuard(AbstractContextManager[None]):
    """Turns each of torch's out-of-memory errors into DeviceExhausted.

    >>> with MemoryGuard():
    ...     raise MemoryError
    Traceback (most recent call last):
    ...
    pullback_server.numeric.devices.DeviceExhausted
    """

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        match error:
            case torch.OutOfMemoryError() | MemoryError():
                raise DeviceExhausted from error
            case RuntimeError() if "can't allocate memory" in str(error) or "out of memory" in str(error):
                raise DeviceExhausted from error
