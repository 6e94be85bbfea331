"""What the functions and reductions that plans may name are called in torch and in NumPy: one row each.

In a row `{0}`, `{1}`, ... are the operands and `{n1}` is one that stays a Python number; `{along}` is the argument for
the axes, left out where these are all, `{axes}` and `{axis}` are axes without a name, and `{helper}` is a function
that the module brings along. `F` is torch.nn.functional, `special` is scipy.special. What NumPy lacks is written out.
"""

from __future__ import annotations

#: Functions of one operand with the same name in both libraries.
SAME = (
    "sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sqrt",
    "sign", "floor", "ceil", "trunc", "sinc", "deg2rad", "rad2deg", "ones_like",
    "isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit",
)  # fmt: skip
#: Functions of two operands with the same name in both libraries.
PAIRS = ("maximum", "minimum", "fmod", "hypot", "copysign", "logaddexp", "logaddexp2", "heaviside", "remainder")

# fmt: off
#: name:         (torch, NumPy)
FUNCTIONS: dict[str, tuple[str, str]] = {
    **{name: (f"torch.{name}({{0}})", f"np.{name}({{0}})") for name in SAME},
    **{name: (f"torch.{name}({{0}}, {{1}})", f"np.{name}({{0}}, {{1}})") for name in PAIRS},
    "abs":        ("torch.abs({0})",                 "np.abs({0})"),
    "asin":       ("torch.asin({0})",                "np.arcsin({0})"),
    "acos":       ("torch.acos({0})",                "np.arccos({0})"),
    "atan":       ("torch.atan({0})",                "np.arctan({0})"),
    "asinh":      ("torch.asinh({0})",               "np.arcsinh({0})"),
    "acosh":      ("torch.acosh({0})",               "np.arccosh({0})"),
    "atanh":      ("torch.atanh({0})",               "np.arctanh({0})"),
    "atan2":      ("torch.atan2({0}, {1})",          "np.arctan2({0}, {1})"),
    "round":      ("torch.round({0}, decimals={n1})", "np.round({0}, {n1})"),
    "frac":       ("torch.frac({0})",                "({0} - np.trunc({0}))"),
    "cot":        ("(1 / torch.tan({0}))",           "(1 / np.tan({0}))"),
    "sec":        ("(1 / torch.cos({0}))",           "(1 / np.cos({0}))"),
    "csc":        ("(1 / torch.sin({0}))",           "(1 / np.sin({0}))"),
    "coth":       ("(1 / torch.tanh({0}))",          "(1 / np.tanh({0}))"),
    "sech":       ("(1 / torch.cosh({0}))",          "(1 / np.cosh({0}))"),
    "csch":       ("(1 / torch.sinh({0}))",          "(1 / np.sinh({0}))"),

    # Activations
    "sigmoid":    ("torch.sigmoid({0})",             "special.expit({0})"),
    "logsigmoid": ("F.logsigmoid({0})",              "special.log_expit({0})"),
    "logit":      ("torch.logit({0})",               "special.logit({0})"),
    "softplus":   ("F.softplus({0})",                "np.logaddexp(0, {0})"),
    "softsign":   ("F.softsign({0})",                "({0} / (1 + np.abs({0})))"),
    "tanhshrink": ("F.tanhshrink({0})",              "({0} - np.tanh({0}))"),
    "silu":       ("F.silu({0})",                    "({0} * special.expit({0}))"),
    "mish":       ("F.mish({0})",                    "({0} * np.tanh(np.logaddexp(0, {0})))"),
    "gelu":       ("F.gelu({0})",                    "({0} * special.ndtr({0}))"),
    "relu":       ("torch.relu({0})",                "np.maximum({0}, 0)"),
    "relu6":      ("F.relu6({0})",                   "np.clip({0}, 0, 6)"),
    "leaky_relu": ("F.leaky_relu({0}, {n1})",        "np.where({0} > 0, {0}, {1} * {0})"),
    "elu":        ("F.elu({0}, {n1})",               "np.where({0} > 0, {0}, {1} * np.expm1(np.minimum({0}, 0)))"),
    "selu":       ("F.selu({0})",
                   "(1.0507009873554805 * np.where({0} > 0, {0}, 1.6732632423543772 * np.expm1(np.minimum({0}, 0))))"),
    "celu":       ("F.celu({0}, {n1})",              "np.where({0} > 0, {0}, {1} * np.expm1({0} / {1}))"),
    "hardtanh":   ("F.hardtanh({0}, {n1}, {n2})",    "np.clip({0}, {1}, {2})"),
    "hardsigmoid": ("(F.relu6({0} + 3) / 6)",        "(np.clip({0} + 3, 0, 6) / 6)"),
    "hardswish":  ("F.hardswish({0})",               "({0} * np.clip({0} + 3, 0, 6) / 6)"),
    "softshrink": ("F.softshrink({0}, {n1})",        "(np.sign({0}) * np.maximum(np.abs({0}) - {1}, 0))"),
    "hardshrink": ("F.hardshrink({0}, {n1})",        "np.where(np.abs({0}) > {1}, {0}, 0)"),
    "threshold":  ("F.threshold({0}, {n1}, {n2})",   "np.where({0} > {1}, {0}, {2})"),

    # Special functions
    "erf":        ("torch.erf({0})",                 "special.erf({0})"),
    "erfc":       ("torch.erfc({0})",                "special.erfc({0})"),
    "erfinv":     ("torch.erfinv({0})",              "special.erfinv({0})"),
    "ndtr":       ("torch.special.ndtr({0})",        "special.ndtr({0})"),
    "lgamma":     ("torch.lgamma({0})",              "special.gammaln({0})"),
    "digamma":    ("torch.digamma({0})",             "special.digamma({0})"),
    "polygamma":  ("torch.polygamma({n0}, {1})",     "special.polygamma({0}, {1})"),
    "i0":         ("torch.special.i0({0})",          "special.i0({0})"),
    "i0e":        ("torch.special.i0e({0})",         "special.i0e({0})"),
    "i1":         ("torch.special.i1({0})",          "special.i1({0})"),
    "i1e":        ("torch.special.i1e({0})",         "special.i1e({0})"),
    "entr":       ("torch.special.entr({0})",        "special.entr({0})"),
    "xlogy":      ("torch.special.xlogy({0}, {1})",  "special.xlogy({0}, {1})"),
    "xlog1py":    ("torch.special.xlog1py({0}, {1})", "special.xlog1py({0}, {1})"),
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
