"""The elementwise functions of plans in torch and in NumPy."""

from __future__ import annotations

from ....operators import BY_FUNCTION, Operator


def _calls(name: str, row: Operator) -> tuple[str, str]:
    """The two columns of the operator table as calls."""
    operands = ", ".join(f"{{{k}}}" for k in range(len(row.parameters.tensors)))
    columns = row.code_torch or f"torch.{name}", row.code_numpy or f"np.{name}"
    torch_code, numpy_code = (column if "{" in column else f"{column}({operands})" for column in columns)
    return torch_code, numpy_code


# fmt: off
#: Elementwise functions by their names in plans: (torch, NumPy).
FUNCTIONS: dict[str, tuple[str, str]] = {
    **{name: _calls(name, row) for name, row in BY_FUNCTION.items()},
    # Functions that derivatives bring in.
    "sqrt":      ("torch.sqrt({0})",      "np.sqrt({0})"),
    "ones_like": ("torch.ones_like({0})", "np.ones_like({0})"),
    "cot":       ("(1 / torch.tan({0}))",  "(1 / np.tan({0}))"),
    "sec":       ("(1 / torch.cos({0}))",  "(1 / np.cos({0}))"),
    "csc":       ("(1 / torch.sin({0}))",  "(1 / np.sin({0}))"),
    "coth":      ("(1 / torch.tanh({0}))", "(1 / np.tanh({0}))"),
    "sech":      ("(1 / torch.cosh({0}))", "(1 / np.cosh({0}))"),
    "csch":      ("(1 / torch.sinh({0}))", "(1 / np.sinh({0}))"),
}
# fmt: on
