"""Whether a program is evaluated on a kink or outside a domain: the guards that the verdict watches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from pullback_server.operators import BY_NAME
from pullback_server.program import Apply, TypedProgram
from pullback_server.verdict.kinks import KinkWatcher

Tensors = Mapping[str, torch.Tensor]


def unsmooth(typed: TypedProgram, values: Sequence[Any]) -> str:
    """The first condition under which some operator of a program has no derivative here, such as `abs: x == 0`.

    `values` are those of the program's nodes. Empty where every operator is inside its domain and off its kinks.
    """
    for guard in KinkWatcher(typed).active(values):
        node = typed.program.nodes[guard.node]
        assert isinstance(node, Apply)
        row = BY_NAME[node.operator]
        return (
            f"{row.name}: {row.kinks[guard.kink].where}" if guard.kink is not None else f"{row.name}: not {row.domain}"
        )
    return ""
