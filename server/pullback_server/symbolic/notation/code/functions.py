"""The elementwise functions of plans in torch and in NumPy."""

from __future__ import annotations

from collections.abc import Mapping

from ....operators import BY_FUNCTION, Operator
from ..words import RECIPROCALS
from .target import Target


def _calls(name: str, row: Operator) -> Mapping[Target, str]:
    """The columns of the operator table as calls."""
    operands = ", ".join(f"{{{k}}}" for k in range(len(row.parameters.tensors)))
    columns = {Target.TORCH: row.code_torch, Target.NUMPY: row.code_numpy}
    named = {target: column or f"{target.value}.{name}" for target, column in columns.items()}
    return {target: column if "{" in column else f"{column}({operands})" for target, column in named.items()}


#: Elementwise functions by their names in plans.
FUNCTIONS: dict[str, Mapping[Target, str]] = {
    **{name: _calls(name, row) for name, row in BY_FUNCTION.items()},
    **{name: {t: f"(1 / {t.value}.{of}({{0}}))" for t in Target} for name, of in RECIPROCALS.items()},
    **{name: {t: f"{t.value}.{name}({{0}})" for t in Target} for name in ("sqrt", "ones_like")},
}
