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
        program, inputs = request.program, request.inputs
        self.compiled = compiled
        self.device = device_for(request.device, (torch.float64,))
        self.point = {name: inputs[name].to(self.device, torch.float64) for name in program.named}
        self.point[UPSTREAM] = request.upstream.to(self.device, torch.float64)
        self.entries = program.point_entries
        memory, self._memory_if_kept = compiled.memory(program.point_shapes)
        self._most_memory = request.memory
        if memory > self._most_memory:
            raise DeviceExhausted
        cheap = self.entries <= KEPT or self._memory_if_kept - memory <= CHEAPLY_KEPT
        self._steps: list[Any] = []
        keeps = cheap and self._memory_if_kept <= self._most_memory
        self.gradients = compiled.evaluate(self.point, self._steps if keeps else None)
        self.kept = bool(self._steps)

    @property
    def steps(self) -> list[Any]:
        """The values of the plan's steps, computed again where they were not kept; raises DeviceExhausted."""
        if not self._steps:
            if self._memory_if_kept > self._most_memory:
                raise DeviceExhausted
            self.compiled.evaluate(self.point, self._steps)
        return self._steps
