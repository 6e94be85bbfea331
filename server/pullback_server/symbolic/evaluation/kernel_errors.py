"""The errors of torch's own kernels: what a running error bound adds at every step, beside what it passes on.

Measured over torch's kernels (AVX-512, AVX2 and the plain ones, float32 and float64, tensors that are contiguous and
that are not) against the table's reference column and exact sums: `python -m tests.accuracy` measures them anew and
prints which share of its error here each kernel reaches. There is room for a third more than was measured, because no
sample contains the worst entry of all, and other processors have other kernels. Those of operators are a column of
their table, and those of reductions and scans columns of `primitives`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...operators import BY_FUNCTION, BY_NAME
from ...operators.kernel_error import EXACT, ONE_ROUNDING, KernelError

#: By the name of an elementwise function in a plan.
FUNCTIONS: Mapping[str, KernelError] = {
    **{name: row.kernel_error for name, row in BY_FUNCTION.items()},
    # The arithmetic of index notation is sympy's own.
    **{name: BY_NAME[name].kernel_error for name in ("add", "sub", "mul", "div", "neg", "pow", "sqrt", "logical_xor")},
    "over_norm": ONE_ROUNDING,
    "number": EXACT,
    "ones_like": EXACT,
}

#: Products that are summed, by whichever of torch's matrix products.
PRODUCT = KernelError(1.5, length=0.18)
#: Entries that are added up at the same place, one after another.
SCATTER = KernelError(1, length=0.15)
