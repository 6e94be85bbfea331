"""The elementwise functions of plans in torch and in NumPy."""

from __future__ import annotations

from ....operators import BY_FUNCTION, Operator
from ..words import RECIPROCALS


def _calls(name: str, row: Operator) -> tuple[str, str]:
    """The two columns of the operator table as calls."""
    operands = ", ".join(f"{{{k}}}" for k in range(len(row.parameters.tensors)))
    columns = row.code_torch or f"torch.{name}", row.code_numpy or f"np.{name}"
    torch_code, numpy_code = (column if "{" in column else f"{column}({operands})" for column in columns)
    return torch_code, numpy_code


#: Elementwise functions by their names in plans: (torch, NumPy).
FUNCTIONS: dict[str, tuple[str, str]] = {
    **{name: _calls(name, row) for name, row in BY_FUNCTION.items()},
    **{name: (f"(1 / torch.{of}({{0}}))", f"(1 / np.{of}({{0}}))") for name, of in RECIPROCALS.items()},
    **{name: (f"torch.{name}({{0}})", f"np.{name}({{0}})") for name in ("sqrt", "ones_like")},
}
