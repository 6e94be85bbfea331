"""What the functions and reductions that plans may name are called in torch and in NumPy: one row each.

In a row `{0}`, `{1}`, ... are the operands and `{n1}` is one that stays a Python number; `{along}` is the argument for
the axes, left out where these are all, `{axes}` and `{axis}` are axes without a name, and `{helper}` is a function
that the module brings along. `F` is torch.nn.functional, `special` is scipy.special.
"""

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

#: name:        (torch, NumPy)
REDUCTIONS: dict[str, tuple[str, str]] = {
    "sum":         ("torch.sum({0}{along})",              "np.sum({0}{along})"),
    "max":         ("torch.amax({0}{along})",             "np.max({0}{along})"),
    "min":         ("torch.amin({0}{along})",             "np.min({0}{along})"),
    "logsumexp":   ("torch.logsumexp({0}, dim={axes})",   "np.logaddexp.reduce({0}, axis={axes})"),
    "softmax":     ("torch.softmax({0}, dim={axis})",     "{helper}({0}, axis={axis})"),
    "cumsum":      ("torch.cumsum({0}, dim={axis})",      "np.cumsum({0}, axis={axis})"),
    "cumsum_back": ("torch.flip(torch.cumsum(torch.flip({0}, ({axis},)), dim={axis}), ({axis},))",
                    "np.flip(np.cumsum(np.flip({0}, {axis}), axis={axis}), {axis})"),
    "cumprod":     ("torch.cumprod({0}, dim={axis})",     "np.cumprod({0}, axis={axis})"),
    "cumprod_back": ("torch.flip(torch.cumprod(torch.flip({0}, ({axis},)), dim={axis}), ({axis},))",
                    "np.flip(np.cumprod(np.flip({0}, {axis}), axis={axis}), {axis})"),
    "cumlogsumexp": ("torch.logcumsumexp({0}, dim={axis})", "np.logaddexp.accumulate({0}, axis={axis})"),
    "cumlogsumexp_back": ("torch.flip(torch.logcumsumexp(torch.flip({0}, ({axis},)), dim={axis}), ({axis},))",
                    "np.flip(np.logaddexp.accumulate(np.flip({0}, {axis}), axis={axis}), {axis})"),
    "prod":        ("{helper}({0}, {axes})",              "np.prod({0}{along})"),
    "product_of_others":      ("{helper}({0}, {axes})",              "{helper}({0}, {axes})"),
}

#: Functions of the matrices in the last two axes: name: (torch, NumPy).
MATRICES: dict[str, tuple[str, str]] = {
    "inv":             ("torch.linalg.inv({0})",         "np.linalg.inv({0})"),
    "pinv":            ("torch.linalg.pinv({0})",        "np.linalg.pinv({0})"),
    "det":             ("torch.linalg.det({0})",         "np.linalg.det({0})"),
    "logdet":          ("torch.logdet({0})",             "np.log(np.linalg.det({0}))"),
    "logabsdet":       ("torch.linalg.slogdet({0})[1]",  "np.linalg.slogdet({0})[1]"),
    "eigenvalues":     ("torch.linalg.eigvalsh({0})",    "np.linalg.eigvalsh({0})"),
    "eigenvectors":    ("torch.linalg.eigh({0})[1]",     "np.linalg.eigh({0})[1]"),
    "singular_values": ("torch.linalg.svdvals({0})",     "np.linalg.svd({0}, compute_uv=False)"),
    "left_vectors":    ("torch.linalg.svd({0}, full_matrices=False)[0]",
                        "np.linalg.svd({0}, full_matrices=False)[0]"),
    "right_vectors":   ("torch.linalg.svd({0}, full_matrices=False)[2]",
                        "np.linalg.svd({0}, full_matrices=False)[2]"),
    "cofactor":        ("{helper}({0})",                 "{helper}({0})"),
}
# fmt: on
