"""Array-likes to messages and back, without a socket."""

from __future__ import annotations

import array
import warnings
from decimal import Decimal

import ml_dtypes
import numpy as np
import pullback
import pytest
from pullback.v1 import tensor_pb2
from pullback.wire.messages import budget_message, request_message
from pullback.wire.tensors import DTYPES, array_from, array_of, tensor_of


class Implicit:
    """Something that only knows how to become a NumPy array."""

    def __array__(self, dtype=None, copy=None):
        return np.arange(3, dtype="float32")


class Exported:
    """Something that only speaks DLPack."""

    def __dlpack__(self, **options):
        return np.arange(3, dtype="float32").__dlpack__()

    def __dlpack_device__(self):
        return (1, 0)


class FakeTorch:
    """A tensor that speaks as torch's do, on a device that NumPy cannot read."""

    def __init__(self, values, dtype="torch.float32"):
        self.values, self.dtype = values, dtype

    def detach(self):
        return self

    def cpu(self):
        return self

    def float(self):
        return FakeTorch(self.values)

    def numpy(self, force=False):
        if not force or self.dtype == "torch.bfloat16":
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return np.array(self.values, dtype="float32")

    def __array__(self, dtype=None, copy=None):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


def test_every_dtype_of_the_contract_has_one_of_numpy():
    assert set(DTYPES) == set(tensor_pb2.Dtype.values()) - {tensor_pb2.DTYPE_UNSPECIFIED}
    for number, dtype in DTYPES.items():
        assert tensor_pb2.Dtype.Name(number) == f"DTYPE_{dtype.name.upper()}"


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [
        (3, "float64", ()),
        (2.5, "float64", ()),
        (True, "bool", ()),
        (2**70, "float64", ()),
        ([1, 2], "float64", (2,)),
        ((1, 2.5), "float64", (2,)),
        ([[1, 2], [3, 4]], "float64", (2, 2)),
        ([True, False], "bool", (2,)),
        ([2**70, 1], "float64", (2,)),
        ([2**63], "float64", (1,)),
        ([], "float64", (0,)),
        ([[], []], "float64", (2, 0)),
        (range(3), "float64", (3,)),
        ([np.float32(1), np.float32(2)], "float64", (2,)),
        (np.float32(1), "float32", ()),
        (np.float64(1), "float64", ()),
        (np.bool_(True), "bool", ()),
        (np.arange(4, dtype="int16"), "int16", (4,)),
        (np.array(7, dtype="uint8"), "uint8", ()),
        (array.array("d", [1, 2]), "float64", (2,)),
        (memoryview(array.array("b", [1, 2])), "int8", (2,)),
        (Implicit(), "float32", (3,)),
        (Exported(), "float32", (3,)),
        (FakeTorch([1.0, 2.0]), "float32", (2,)),
        (FakeTorch([1.0, 2.0], "torch.bfloat16"), "bfloat16", (2,)),
    ],
)
def test_what_is_array_like_becomes_an_array(value, dtype, shape):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = array_of(value, "x")
    assert (made.dtype.name, made.shape) == (dtype, shape)


@pytest.mark.parametrize(
    "odd",
    [
        np.arange(12.0).reshape(3, 4)[::2, ::-1],
        np.arange(12.0).reshape(3, 4).T,
        np.arange(6, dtype=">f8").reshape(2, 3),
        np.arange(3, dtype=">i4"),
        np.broadcast_to(np.float32(2), (2, 2)),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([np.nan, -0.0, np.inf]),
    ],
)
def test_layout_and_byte_order_do_not_change_the_numbers(odd):
    message = tensor_of(array_of(odd, "x"))
    assert len(message.data) == odd.size * odd.itemsize
    assert array_from(message).tobytes() == odd.astype(odd.dtype.newbyteorder("<")).tobytes()
    assert tuple(message.shape) == odd.shape


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1j, "UNSUPPORTED_DTYPE"),
        ([1, 2j], "UNSUPPORTED_DTYPE"),
        ("12", "UNSUPPORTED_DTYPE"),
        (["1"], "UNSUPPORTED_DTYPE"),
        (b"12", "UNSUPPORTED_DTYPE"),
        (None, "UNSUPPORTED_DTYPE"),
        ([None], "UNSUPPORTED_DTYPE"),
        (Decimal(1), "UNSUPPORTED_DTYPE"),
        ({"a": 1}, "UNSUPPORTED_DTYPE"),
        (np.array([1], dtype="uint64"), "UNSUPPORTED_DTYPE"),
        (np.array([1], dtype="uint16"), "UNSUPPORTED_DTYPE"),
        (np.array([1], dtype="longdouble"), "UNSUPPORTED_DTYPE"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), "UNSUPPORTED_DTYPE"),
        ([[1], [1, 2]], "NOT_AN_ARRAY"),
        (10**400, "NOT_AN_ARRAY"),
        (np.ma.masked_array([1.0, 2.0], mask=[True, False]), "NOT_AN_ARRAY"),
    ],
)
def test_what_the_language_lacks_is_refused_before_it_is_sent(value, reason):
    with pytest.raises(pullback.InvalidRequest) as caught:
        request_message(pullback.Request("x", {"w": 1, "x": value}))
    assert (caught.value.reason, caught.value.field) == (reason, "inputs[1].tensor")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("inputs", "upstream", "dtype"),
    [
        ({"x": np.float32(1)}, [1], "float32"),
        ({"x": np.float32(1), "n": np.int64(1)}, 1, "float32"),
        ({"x": np.float32(1), "y": np.float64(1)}, 1, "float64"),
        ({"x": np.ones(2, ml_dtypes.bfloat16)}, [1, 2], "bfloat16"),
        ({"x": [1.0]}, [True], "float64"),
        ({"x": np.float32(1)}, np.float64(1), "float64"),
        ({"n": np.int64(1)}, 1, "float64"),
    ],
)
def test_a_plain_upstream_takes_the_dtype_that_the_inputs_share(inputs, upstream, dtype):
    message = request_message(pullback.Request("x", inputs, upstream))
    assert array_from(message.upstream).dtype.name == dtype


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"wrt": "y"}, "wrt"),
        ({"wrt": ["x", "c"]}, "wrt"),
        ({"notations": ("text", "mathml")}, "notations"),
        ({"upstream": "1"}, "upstream"),
        ({"id": 3}, "id"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(options, field):
    with pytest.raises(pullback.InvalidRequest) as caught:
        request_message(pullback.Request("x", {"x": 1, "c": pullback.constant(2)}, **options))
    assert caught.value.field == field


def test_what_is_not_a_string_is_refused():
    for expression in (None, b"x", "x + \ud800"):
        with pytest.raises(pullback.InvalidRequest) as caught:
            request_message(pullback.Request(expression, {"x": 1}))
        assert caught.value.field == "expression"


def test_a_budget_is_exact_to_the_nanosecond():
    assert budget_message(0.25).ToNanoseconds() == 250_000_000
    assert budget_message(3).ToNanoseconds() == 3_000_000_000


def test_results_are_read_only():
    result = array_from(tensor_of(np.ones(2)))
    with pytest.raises(ValueError, match="read-only"):
        result[0] = 2


@pytest.mark.slow
def test_torch_tensors_are_read_through_their_own_protocols():
    torch = pytest.importorskip("torch")
    grown = torch.arange(6, dtype=torch.float32).reshape(2, 3).requires_grad_().T
    assert np.array_equal(array_of(grown, "x"), grown.detach().numpy())
    half = torch.tensor([1.5, float("nan"), -0.0, 3e38], dtype=torch.bfloat16, requires_grad=True)
    read = array_of(half, "x")
    assert read.dtype == ml_dtypes.bfloat16
    assert read.view("int16").tolist() == half.detach().view(torch.int16).tolist()
    assert array_of(torch.nn.Parameter(torch.ones(2, dtype=torch.bfloat16)), "x").dtype == ml_dtypes.bfloat16
    assert array_of(torch.tensor(True), "x").dtype == np.bool_
    for unreadable in (torch.ones(2).to_sparse(), torch.ones(2, device="meta"), torch.ones(2, dtype=torch.complex64)):
        with pytest.raises(pullback.InvalidRequest):
            array_of(unreadable, "x")
