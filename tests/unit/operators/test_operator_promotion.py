"""The dtype that operands meet in is the one that torch gives, for every pair and many triples."""

from itertools import product

import torch
from pullback_server.numeric.vjp import DTYPES
from pullback_server.operators.shape_rules.common import promote
from pullback_server.program import DType, TensorType

NUMBERS = {DType.BOOL: True, DType.INT64: 2, DType.FLOAT64: 2.5}
OPERANDS = [TensorType(d, shape) for d in DType for shape in ((2,), ())]
OPERANDS += [TensorType(d, (), weak=True) for d in NUMBERS]


def _value(kind: TensorType) -> torch.Tensor | bool | int | float:
    return NUMBERS[kind.dtype] if kind.weak else torch.ones(kind.shape).to(DTYPES[kind.dtype])


def test_pairs_promote_as_in_torch() -> None:
    for a, b in product(OPERANDS, OPERANDS):
        if not (a.weak and b.weak):
            assert DTYPES[promote(a, b)] == torch.result_type(_value(a), _value(b)), (a, b)


def test_triples_promote_as_in_where() -> None:
    condition = torch.tensor([True])
    for a, b in product(OPERANDS, OPERANDS):
        if not (a.weak and b.weak):
            assert DTYPES[promote(a, b)] == torch.where(condition, _value(a), _value(b)).dtype, (a, b)


def test_numbers_of_the_text_meet_in_the_widest() -> None:
    integer, real = TensorType(DType.INT64, (), weak=True), TensorType(DType.FLOAT64, (), weak=True)
    assert promote(integer, integer) is DType.INT64
    assert promote(integer, real) is DType.FLOAT64
