"""A request's closed forms evaluated in float64 on its tensors."""

from __future__ import annotations

from typing import Any

import torch

from ..numeric import DeviceExhausted, device_for
from ..symbolic import UPSTREAM
from .form_cache import CompiledForm
from .preparation import PreparedRequest

#: The values of all steps of a plan are kept for the comparison while the inputs have no more entries than this, or
#: keeping them takes no more bytes than `CHEAPLY_KEPT`.
KEPT, CHEAPLY_KEPT = 2**22, 2**25


class EvaluatedForms:
    """The gradients that the closed forms give, by input: on the request's device, or on the CPU if it has no float64.

    Raises DeviceExhausted where evaluating them would take more memory than a request may.

    `point` has the tensors that they were evaluated on, the upstream gradient as `^`; a gradient is None where it is
    zero everywhere. `kept` says whether the values of the plan's steps were kept.
    """

    def __init__(self, compiled: CompiledForm, request: PreparedRequest) -> None:
        self.compiled = compiled
        self.device = device_for(request.device, (torch.float64,))
        program_inputs = request.program.typed.program.inputs()
        tensors = {name: x for name, x in request.inputs.items() if name in program_inputs}
        tensors[UPSTREAM] = request.upstream
        self.point = {name: x.to(self.device, torch.float64) for name, x in tensors.items()}
        self.entries = sum(x.numel() for x in self.point.values())
        self._shapes = tuple((name, tuple(x.shape)) for name, x in self.point.items())
        self._memory = request.memory
        self._steps: list[Any] = []
        self._require_memory(keep=False)
        self.gradients = compiled.evaluate(self.point, self._steps if self._keeps() else None)
        self.kept = bool(self._steps)

    @property
    def steps(self) -> list[Any]:
        """The values of the plan's steps, computed again where they were not kept."""
        if not self._steps:
            self._require_memory(keep=True)
            self.compiled.evaluate(self.point, self._steps)
        return self._steps

    def _keeps(self) -> bool:
        """Whether the values of all steps are kept."""
        if not self._fits(keep=True):
            return False
        return self.entries <= KEPT or self._bytes(keep=True) - self._bytes(keep=False) <= CHEAPLY_KEPT

    def _fits(self, keep: bool) -> bool:
        return self._bytes(keep) <= self._memory

    def _bytes(self, keep: bool) -> int:
        return self.compiled.memory(self._shapes, keep)

    def _require_memory(self, keep: bool) -> None:
        """Raises DeviceExhausted where the steps would need too much, before any of them is computed."""
        if not self._fits(keep):
            raise DeviceExhausted
