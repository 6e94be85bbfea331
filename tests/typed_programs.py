"""Expressions with the types of their inputs, checked."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pullback_server.language import check, parse
from pullback_server.numeric import tensor_type
from pullback_server.program import DType, Limits, TensorType, TypedProgram


def typed(text: str, types: Mapping[str, TensorType]) -> TypedProgram:
    """An expression of inputs of these types. Raises Refusal."""
    return check(parse(text, tuple(types), Limits()), types, Limits())


def typed_by_shapes(text: str, dtype: DType = DType.FLOAT64, **shapes: tuple[int, ...]) -> TypedProgram:
    """An expression of inputs of one dtype and these shapes. Raises Refusal."""
    return typed(text, {name: TensorType(dtype, shape) for name, shape in shapes.items()})


def typed_by_tensors(text: str, tensors: Mapping[str, torch.Tensor]) -> TypedProgram:
    """An expression of inputs of the types of these tensors. Raises Refusal."""
    return typed(text, {name: tensor_type(tensor) for name, tensor in tensors.items()})
