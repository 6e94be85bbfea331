"""Activations of neural networks: functions of one tensor, with the derivatives that autograd takes at their kinks."""

from __future__ import annotations

from functools import partial
from typing import Any

import sympy as sp
import torch
import torch.nn.functional as F

from ..index_notation import functions as fn
from ..index_notation.index_program import IndexProgram, IndexTensor
from .elementwise import REAL, kinks, row
from .kernel_error import EXACT, KernelError
from .lifting import Lifted, ScaledByBeta, WithLiterals
from .reference import activations as references
from .reference import scalars
from .shape_rules import elementwise as shapes
from .shape_rules.common import floats, numbers, numbers_to_float, to_float
from .special import ndtr, normal_density

ALPHA, SCALE = map(sp.Rational, (references.SELU_ALPHA, references.SELU_SCALE))
WIDE = (-4.5, 4.5)
SIXTH, HALF = sp.Rational(1, 6), sp.Rational(1, 2)


def _within(x: sp.Expr, low: sp.Expr, high: sp.Expr) -> sp.Expr:
    """Whether x lies between two numbers, and on neither."""
    return fn.logical_and(fn.greater(x, low), fn.less(x, high))


def _outside(x: sp.Expr, width: sp.Expr) -> sp.Expr:
    """1 where x is further from 0 than that, else 0."""
    return fn.where(fn.less_equal(fn.absolute(x), width), 0, 1)


def _mish_slope(x: sp.Expr) -> sp.Expr:
    t = sp.tanh(softplus(x))
    return t + x * (1 - t**2) * fn.sigmoid(x)


# Each function with its derivative.
softplus = fn.function("softplus", lambda x: (fn.sigmoid(x),))
logsigmoid = fn.function("logsigmoid", lambda x: (fn.sigmoid(-x),))
softsign = fn.function("softsign", lambda x: (1 / (1 + fn.absolute(x)) ** 2,))
tanhshrink = fn.function("tanhshrink", lambda x: (sp.tanh(x) ** 2,))
silu = fn.function("silu", lambda x: (fn.sigmoid(x) * (1 + x * (1 - fn.sigmoid(x))),))
mish = fn.function("mish", lambda x: (_mish_slope(x),))
gelu = fn.function("gelu", lambda x: (ndtr(x) + x * normal_density(x),))
relu = fn.function("relu", lambda x: (fn.where(fn.greater(x, 0), 1, 0),))
relu6 = fn.function("relu6", lambda x: (fn.where(_within(x, sp.S.Zero, sp.Integer(6)), 1, 0),))
leaky_relu = fn.function("leaky_relu", lambda x, slope: (fn.where(fn.greater(x, 0), 1, slope),))
elu = fn.function("elu", lambda x, alpha: (fn.where(fn.greater(x, 0), 1, alpha * sp.exp(x)),))
selu = fn.function("selu", lambda x: (SCALE * fn.where(fn.greater(x, 0), 1, ALPHA * sp.exp(x)),))
celu = fn.function("celu", lambda x, alpha: (fn.where(fn.greater(x, 0), 1, sp.exp(x / alpha)),))
hardtanh = fn.function("hardtanh", lambda x, low, high: (fn.where(_within(x, low, high), 1, 0),))
hardsigmoid = fn.function("hardsigmoid", lambda x: (fn.where(_within(x, sp.Integer(-3), sp.Integer(3)), SIXTH, 0),))
hardswish = fn.function(
    "hardswish", lambda x: (fn.where(fn.less_equal(x, -3), 0, fn.where(fn.less(x, 3), x / 3 + HALF, 1)),)
)
softshrink = fn.function("softshrink", lambda x, width: (_outside(x, width),))
hardshrink = fn.function("hardshrink", lambda x, width: (_outside(x, width),))
threshold = fn.function("threshold", lambda x, bound, _: (fn.where(fn.greater(x, bound), 1, 0),))


class Gelu(Lifted):
    """gelu as a function of that name, and torch's approximation of it as a formula."""

    def __call__(self, program: IndexProgram, *tensors: IndexTensor | None, **arguments: Any) -> IndexTensor:
        """The function of the one operand."""
        (x,) = tensors
        assert x is not None
        return program.elementwise(gelu if arguments["approximate"] == "none" else _gelu_by_tanh, x)


def _gelu_by_tanh(x: sp.Expr) -> sp.Expr:
    """Hendrycks and Gimpel, Gaussian Error Linear Units (2016)."""
    return x * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * (x + sp.Rational("0.044715") * x**3))) / 2


def _hardsigmoid(x: torch.Tensor) -> torch.Tensor:
    """In float64 by its definition: the backward pass of torch's kernel has 1/6 in the precision of float32 only."""
    return F.relu6(x + 3) / 6 if x.dtype == torch.float64 else F.hardsigmoid(x)


def calls(name: str, *literals: str, required: bool = False) -> dict[str, tuple[str, ...]]:
    """The columns of samples and of wrong inputs of a function that takes literals, such as these."""
    plain = [f"{name}({x})" for x in ("x", "s", "C", "z", "c*r") if not required]
    with_literals = [f"{name}({x}, {literal})" for literal in literals for x in ("x", "C", "z")]
    error_inputs = [f"{name}(x, {wrong})" for wrong in ("y", "dim=0", "'x'")]
    return {"samples": (*plain, *with_literals), "error_inputs": (f"{name}()", *error_inputs)}


SOFTPLUS = ("softplus(x)", "softplus(s)", "softplus(C, 2)", "softplus(x, beta=0.5, threshold=10)", "softplus(z, -1)")
WRONG_SOFTPLUS = ("softplus()", "softplus(x, 0)", "softplus(x, y)", "softplus(count)", "softplus(x, gamma=1)")

SELU = (
    f"({float(references.SELU_SCALE)} * "
    f"np.where({{0}} > 0, {{0}}, {float(references.SELU_ALPHA)} * np.expm1(np.minimum({{0}}, 0))))"
)

activation = partial(row, family="activations")

# fmt: off
OPERATORS = (
    #          name           torch          sympy                     reference               shape              range
    activation("sigmoid",     torch.sigmoid, fn.sigmoid,               scalars.sigmoid,        to_float,          REAL,
               "1/(1 + exp(-x)).", aliases=("expit",), code_numpy="special.expit", kernel_error=KernelError(1.5)),
    activation("logsigmoid",  F.logsigmoid,  logsigmoid,               references.logsigmoid,  floats,            REAL,
               "The logarithm of the sigmoid.", aliases=("log_sigmoid",), source="torch.nn.functional.logsigmoid",
               code_torch="F.logsigmoid", code_numpy="special.log_expit", kernel_error=KernelError(1.5)),
    activation("softplus",    F.softplus,    ScaledByBeta(softplus),   scalars.softplus,       shapes.softplus,   REAL,
               "log(1 + exp(beta*x))/beta; torch gives x itself where beta*x is above the threshold.",
               signature="x, beta: number = 1, threshold: number = 20",
               samples=SOFTPLUS, error_inputs=WRONG_SOFTPLUS, source="torch.nn.functional.softplus",
               code_torch="F.softplus", code_numpy="np.logaddexp(0, {0})", kernel_error=KernelError(1.5)),
    activation("softsign",    F.softsign,    softsign,                 references.softsign,    numbers_to_float,  REAL,
               "x/(1 + abs(x)).", aliases=("soft_sign",), source="torch.nn.functional.softsign",
               code_torch="F.softsign", code_numpy="({0} / (1 + np.abs({0})))", kernel_error=KernelError(1.5)),
    activation("tanhshrink",  F.tanhshrink,  tanhshrink,               references.tanhshrink,  numbers_to_float,  REAL,
               "x - tanh(x).", source="torch.nn.functional.tanhshrink",
               code_torch="F.tanhshrink", code_numpy="({0} - np.tanh({0}))", kernel_error=KernelError(1, largest=1)),
    activation("silu",        F.silu,        silu,                     references.silu,        floats,            REAL,
               "x*sigmoid(x).", aliases=("swish",), source="Hendrycks and Gimpel 2016, arXiv:1606.08415",
               code_torch="F.silu", code_numpy="({0} * special.expit({0}))", kernel_error=KernelError(2)),
    activation("mish",        F.mish,        mish,                     references.mish,        floats,            REAL,
               "x*tanh(softplus(x)).", source="Misra 2019, arXiv:1908.08681",
               code_torch="F.mish", code_numpy="({0} * np.tanh(np.logaddexp(0, {0})))", kernel_error=KernelError(3)),
    activation("gelu",        F.gelu,        Gelu(gelu),               references.gelu,        shapes.gelu,       REAL,
               "x*ndtr(x); approximate='tanh' is x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))/2.",
               signature="x, approximate: string = 'none'", source="Hendrycks and Gimpel 2016, arXiv:1606.08415",
               **calls("gelu", "'tanh'", "approximate='tanh'"),
               code_torch="F.gelu", code_numpy="({0} * special.ndtr({0}))", kernel_error=KernelError(1, largest=4)),

    # Made of straight lines, or of other curves, that meet at kinks
    activation("relu",        torch.relu,    relu,                     scalars.relu,           numbers,           REAL,
               "x where it is positive, else 0.", **kinks(("x == 0", "0")), code_numpy="np.maximum({0}, 0)",
               kernel_error=EXACT),
    activation("relu6",       F.relu6,       relu6,                    references.relu6,       numbers,           REAL,
               "x clamped between 0 and 6.", source="torch.nn.functional.relu6",
               **kinks(("(x == 0) | (x == 6)", "0")), code_torch="F.relu6", code_numpy="np.clip({0}, 0, 6)",
               kernel_error=EXACT),
    activation("leaky_relu",  F.leaky_relu,  WithLiterals(leaky_relu), references.leaky_relu,  floats,            REAL,
               "x, times negative_slope where it is negative.", signature="x, negative_slope: number = 0.01",
               source="torch.nn.functional.leaky_relu", **kinks(("x == 0", "negative_slope")),
               **calls("leaky_relu", "0.2", "negative_slope=2"),
               code_torch="F.leaky_relu({0}, {n1})", code_numpy="np.where({0} > 0, {0}, {1} * {0})"),
    activation("elu",         F.elu,         WithLiterals(elu),        references.elu,         floats,            REAL,
               "x where it is positive, else alpha*(exp(x) - 1).", signature="x, alpha: number = 1.0",
               source="Clevert et al. 2015, arXiv:1511.07289", **kinks(("x == 0", "alpha")),
               **calls("elu", "0.5", "alpha=-2"),
               code_torch="F.elu({0}, {n1})", code_numpy="np.where({0} > 0, {0}, {1} * np.expm1(np.minimum({0}, 0)))",
               kernel_error=KernelError(2)),
    activation("selu",        F.selu,        selu,                     references.selu,        floats,            REAL,
               "elu with alpha = 1.67326 times 1.05070, which keeps mean 0 and variance 1.",
               source="Klambauer et al. 2017, arXiv:1706.02515", **kinks(("x == 0", "1.75810, the slope below")),
               code_torch="F.selu", code_numpy=SELU, kernel_error=KernelError(2.5)),
    activation("celu",        F.celu,        WithLiterals(celu),       references.celu,        shapes.celu,       REAL,
               "x where it is positive, else alpha*(exp(x/alpha) - 1).", signature="x, alpha: number = 1.0",
               source="Barron 2017, arXiv:1704.07483", **calls("celu", "0.5", "alpha=-2"),
               code_torch="F.celu({0}, {n1})", code_numpy="np.where({0} > 0, {0}, {1} * np.expm1({0} / {1}))",
               kernel_error=KernelError(2)),
    activation("hardtanh",    F.hardtanh,    WithLiterals(hardtanh),   references.hardtanh,    shapes.hardtanh,   REAL,
               "x clamped between min_val and max_val.", signature="x, min_val: number = -1.0, max_val: number = 1.0",
               aliases=("hard_tanh",), source="torch.nn.functional.hardtanh",
               **kinks(("(x == min_val) | (x == max_val)", "0")),
               **calls("hardtanh", "-0.5, 0.75", "min_val=-inf", "max_val=0.5"),
               code_torch="F.hardtanh({0}, {n1}, {n2})", code_numpy="np.clip({0}, {1}, {2})"),
    activation("hardsigmoid", _hardsigmoid,  hardsigmoid,              references.hardsigmoid, floats,            WIDE,
               "relu6(x + 3)/6.", aliases=("hard_sigmoid",), source="torch.nn.functional.hardsigmoid",
               **kinks(("abs(x) == 3", "0")),
               code_torch="(F.relu6({0} + 3) / 6)", code_numpy="(np.clip({0} + 3, 0, 6) / 6)",
               kernel_error=KernelError(1.5)),
    activation("hardswish",   F.hardswish,   hardswish,                references.hardswish,   floats,            WIDE,
               "x*hardsigmoid(x).", aliases=("hard_swish", "hard_silu"), source="Howard et al. 2019, arXiv:1905.02244",
               **kinks(("x == -3", "0"), ("x == 3", "1")),
               code_torch="F.hardswish", code_numpy="({0} * np.clip({0} + 3, 0, 6) / 6)", kernel_error=KernelError(2)),
    activation("softshrink",  F.softshrink,  WithLiterals(softshrink), references.softshrink,  shapes.softshrink, REAL,
               "x moved towards 0 by lambd, and 0 where abs(x) is at most lambd.", signature="x, lambd: number = 0.5",
               source="torch.nn.functional.softshrink", **kinks(("abs(x) == lambd", "0")),
               **calls("softshrink", "1", "lambd=0.25"),
               code_torch="F.softshrink({0}, {n1})", code_numpy="(np.sign({0}) * np.maximum(np.abs({0}) - {1}, 0))",
               kernel_error=KernelError(1, largest=1)),
    activation("hardshrink",  F.hardshrink,  WithLiterals(hardshrink), references.hardshrink,  floats,            REAL,
               "x, and 0 where abs(x) is at most lambd.", signature="x, lambd: number = 0.5",
               source="torch.nn.functional.hardshrink", **kinks(("abs(x) == lambd", "0")),
               **calls("hardshrink", "1", "lambd=0.25"),
               code_torch="F.hardshrink({0}, {n1})", code_numpy="np.where(np.abs({0}) > {1}, {0}, 0)",
               kernel_error=EXACT),
    activation("threshold",   F.threshold,   WithLiterals(threshold),  references.threshold,   floats,            REAL,
               "x where it is above the threshold, else the value.", signature="x, threshold: number, value: number",
               source="torch.nn.functional.threshold", **kinks(("x == threshold_", "0")),
               **calls("threshold", "0.1, 20", "threshold=-0.5, value=0", required=True),
               code_torch="F.threshold({0}, {n1}, {n2})", code_numpy="np.where({0} > {1}, {0}, {2})"),
)
# fmt: on
