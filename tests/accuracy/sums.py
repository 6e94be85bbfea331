"""Reductions, running sums, products and additions at computed places against exact sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from pullback_server.symbolic.evaluation.evaluate import closure
from pullback_server.symbolic.evaluation.running_error import step_error
from pullback_server.symbolic.lowering.plan import Product, Reduce, Scatter, Step
from pullback_server.symbolic.primitives import AXIS_FUNCTIONS

from .share import DTYPES, Share, share_of

#: Sums in more digits than float64 has, by four thousand times, which is less than the share of an error that counts.
Exact = npt.NDArray[np.longdouble]

#: Columns beside one another, where a kernel has lines to work on at a time.
COLUMNS = 3
#: (of one entry, of the other) of the labels of a product of two, by its name: each is another kernel.
PRODUCTS: dict[str, tuple[tuple[tuple[int, ...], tuple[int, ...]], tuple[int, ...]]] = {
    "vector by vector": (((0,), (0,)), ()),
    "matrix by vector": (((1, 0), (0,)), (1,)),
    "transposed matrix by vector": (((0, 1), (0,)), (1,)),
    "matrix by matrix": (((1, 0), (0, 2)), (1, 2)),
    "transposed matrix by matrix": (((0, 1), (0, 2)), (1, 2)),
    "matrix by transposed matrix": (((1, 0), (2, 0)), (1, 2)),
    "matrices by matrices": (((3, 1, 0), (3, 0, 2)), (3, 1, 2)),
    "rows by rows": (((1, 0), (1, 0)), (1,)),
    "columns by columns": (((0, 1), (0, 1)), (1,)),
}


def lines(length: int, seed: int) -> Iterator[torch.Tensor]:
    """Lines to add up: equal entries, for whose sum all rounding errors may go one way, and entries of all kinds."""
    random = torch.Generator().manual_seed(seed)
    for equal in (0.1, 1.7, 1 / 3):
        yield torch.full((length,), equal, dtype=torch.float64)
    uniform = torch.rand(length, dtype=torch.float64, generator=random)
    yield from (uniform, 1 + 1e-3 * uniform, torch.linspace(1, 1e-3, length, dtype=torch.float64))
    yield torch.randn(length, dtype=torch.float64, generator=random)
    yield 30 * torch.randn(length, dtype=torch.float64, generator=random)


def shares(lengths: tuple[int, ...], seed: int = 0) -> Iterator[Share]:
    """The shares of all of them, on lines of these lengths."""
    for dtype in DTYPES:
        for length in lengths:
            for number, line in enumerate(lines(length, seed)):
                line = line.to(dtype)
                yield from _of_reductions(line, f"{length} entries, line {number}")
                yield from _of_products(line, f"{length} entries, line {number}")
                yield from _of_scatter(line, f"{length} entries, line {number}")


def _of_reductions(line: torch.Tensor, where: str) -> Iterator[Share]:
    for kind in AXIS_FUNCTIONS:
        # A product of many numbers that are not near 1 is 0 or infinite.
        x = (1 + (line - line.mean()) * 1e-3).to(line.dtype) if "prod" in kind or kind == "product_of_others" else line
        exact = np.asarray(EXACT[kind](_long(x)))
        columns = x[:, None].expand(-1, COLUMNS).contiguous()
        beside = exact[..., None] if exact.ndim else exact
        yield _share(kind, Reduce(kind, 0, (0,)), [x], exact, where)
        yield _share(kind, Reduce(kind, 0, (0,)), [columns], beside, where)
        yield _share(kind, Reduce(kind, 0, (1,)), [columns.T], exact, where)
        yield _share(kind, Reduce(kind, 0, (1,)), [columns.T.contiguous()], exact, where)


def _of_products(line: torch.Tensor, where: str) -> Iterator[Share]:
    exact = (_long(line) * _long(line)).sum()
    for name, (labels, out) in PRODUCTS.items():
        operands = []
        for term in labels:
            shape = [line.numel() if k == 0 else COLUMNS for k in term]
            operands.append(line.reshape([-1 if k == 0 else 1 for k in term]).expand(shape).contiguous())
        yield _share("product", Product((0, 1), labels, out), operands, exact, f"{name}, {where}")


def _of_scatter(line: torch.Tensor, where: str) -> Iterator[Share]:
    step = Scatter((0, None), 0, ((1, None),), (1,))
    yield _share("scatter", step, [line, torch.zeros_like(line)], _long(line).sum(), where)


def _share(kernel: str, step: Step, operands: list[torch.Tensor], exact: Exact, where: str) -> Share:
    wide = [o.double() for o in operands]
    computed = torch.as_tensor(closure(step)(list(operands), {"x": operands[0]}))
    value = torch.as_tensor(closure(step)(list(wide), {"x": wide[0]}))
    info, nothing = torch.finfo(computed.dtype), [torch.zeros_like(o) for o in wide]
    allowed = step_error(step, value, wide, nothing, {"x": wide[0]}, info.eps)
    errors = torch.as_tensor(np.abs(_long(computed) - exact).astype(np.float64))
    # Below the smallest normal number a dtype has fewer digits.
    share, _ = share_of(torch.where(errors > info.tiny, errors, 0), allowed)
    return Share(kernel, str(computed.dtype).removeprefix("torch."), share, where)


def _long(x: torch.Tensor) -> Exact:
    return x.double().numpy().astype(np.longdouble)


def _back(run: Callable[[Exact], Exact]) -> Callable[[Exact], Exact]:
    return lambda x: run(x[::-1])[::-1]


def _log_sum(x: Exact) -> Exact:
    return np.asarray(x.max() + np.log(np.exp(x - x.max()).sum()))


def _running_log_sum(x: Exact) -> Exact:
    return np.asarray(x.max() + np.log(np.exp(x - x.max()).cumsum()))


#: By kind, of one line.
EXACT: dict[str, Callable[[Exact], Exact]] = {
    "max": lambda x: x.max(),
    "min": lambda x: x.min(),
    "sum": lambda x: x.sum(),
    "prod": lambda x: x.prod(),
    "product_of_others": lambda x: x.prod() / x,
    "cumsum": np.cumsum,
    "cumsum_back": _back(np.cumsum),
    "cumprod": np.cumprod,
    "cumprod_back": _back(np.cumprod),
    "logsumexp": _log_sum,
    "softmax": lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum(),
    "cumlogsumexp": _running_log_sum,
    "cumlogsumexp_back": _back(_running_log_sum),
}
