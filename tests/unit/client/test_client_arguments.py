"""The values that are typed in the shell, and values as JSON."""

from __future__ import annotations

import json

import numpy as np
import pullback
import pytest
from pullback.cli.arguments import read_inputs, read_value
from pullback.cli.failure import excerpt
from pullback.plain import json_text, plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2.0),
        ("-2.5e3", -2500.0),
        ("2,3", [2.0, 3.0]),
        (" 2 , 3 ", [2.0, 3.0]),
        ("2,", [2.0]),
        ("inf,-inf", [float("inf"), float("-inf")]),
        ("[[1,2],[3,4]]", [[1.0, 2.0], [3.0, 4.0]]),
        ('[1, "Infinity", -inf, Infinity]', [1.0, float("inf"), float("-inf"), float("inf")]),
        ("[]", []),
    ],
)
def test_numbers_are_plain_so_that_the_client_makes_them_float64(text, value):
    assert read_value(text, "x") == value


def test_nan_is_a_number():
    assert np.isnan(read_value("nan", "x"))
    assert np.isnan(read_value("[nan, NaN]", "x")).all()


@pytest.mark.parametrize(
    ("text", "dtype", "value"),
    [
        ("int:0,2", "int64", [0, 2]),
        ("int64:9007199254740993", "int64", 9007199254740993),
        ("int64:[9007199254740993]", "int64", [9007199254740993]),
        ("int8:-128", "int8", -128),
        ("uint8:[[255]]", "uint8", [[255]]),
        ("bool:true,false,1", "bool", [True, False, True]),
        ("bool:[true, 0]", "bool", [True, False]),
        ("float32:0.5,1", "float32", [0.5, 1]),
        ("float16:inf", "float16", float("inf")),
        ("bfloat16:1.5", "bfloat16", 1.5),
        ("int:[]", "int64", []),
    ],
)
def test_a_dtype_before_the_value_is_kept(text, dtype, value):
    read = read_value(text, "x")
    assert (read.dtype.name, read.tolist()) == (dtype, value)


@pytest.mark.parametrize(
    "text",
    [
        "", "two", "1,,2", "1;2", "true", "[true]", "[1,", "[null]", '[{"a": 1}]', "[" * 5000, "int:1.5", "int:[1.0]",
        "int:[[1],[1,2]]", "int8:300", "uint8:-1", "bool:2", "float16:70000", "complex64:1", "@absent.npy",
        "__import__('os')",
    ],
)  # fmt: skip
def test_what_is_not_a_value_is_refused_with_what_would_be(text):
    with pytest.raises(pullback.InvalidRequest) as caught:
        read_value(text, "x")
    assert caught.value.field == "x"
    assert "@file.npy" in caught.value.hint


def test_a_file_is_read_in_its_own_dtype(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(3, dtype="float32"))
    assert read_value(f"@{tmp_path}/x.npy", "x").dtype == np.float32
    assert read_value(f"float64:@{tmp_path}/x.npy", "x").dtype == np.float64
    with pytest.raises(pullback.InvalidRequest):
        read_value(f"int:@{tmp_path}/x.npy", "x")


def test_a_file_of_objects_or_of_several_arrays_is_refused(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([print]), allow_pickle=True)
    np.savez(tmp_path / "several.npz", np.ones(1))
    (tmp_path / "text.npy").write_text("1 2 3")
    (tmp_path / "empty.npy").write_text("")
    for name in ("objects.npy", "several.npz", "text.npy", "empty.npy"):
        with pytest.raises(pullback.InvalidRequest) as caught:
            read_value(f"@{tmp_path}/{name}", "x")
        assert caught.value.reason == "BAD_VALUE"


@pytest.mark.parametrize("tokens", [["a"], ["=1"], ["2a=1"], ["a=1", "a=2"], ["--target"]])
def test_an_input_is_a_name_and_a_value(tokens):
    with pytest.raises(pullback.InvalidRequest) as caught:
        read_inputs(tokens)
    assert caught.value.field == "inputs"


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("x + sine(y)", 1, 5, ("x + sine(y)", "    ^")),
        ("z = x\nz + $", 2, 5, ("z + $", "    ^")),
        ("\tx $", 1, 4, (" x $", "   ^")),
        ("变 + $", 1, 5, ("变 + $", "     ^")),
        ("x +", 1, 4, ("x +", "   ^")),
        ("x", 0, 0, ()),
        ("x", 9, 1, ()),
    ],
)
def test_the_caret_stands_under_the_place(text, line, column, expected):
    assert excerpt(text, line, column) == expected


def test_a_long_line_is_cut_around_the_place():
    line, caret = excerpt("x + " * 1000 + "$" + " + x" * 1000, 1, 4001)
    assert len(line) < 80
    assert line[caret.index("^")] == "$"


def test_numbers_that_are_not_finite_are_strings_in_json():
    value = {"gradient": np.array([[np.nan, np.inf], [-np.inf, 1]]), "worst": float("nan"), "none": None}
    assert json.loads(json_text(value)) == {
        "gradient": [["NaN", "Infinity"], ["-Infinity", 1.0]],
        "worst": "NaN",
        "none": None,
    }


def test_what_has_no_form_in_json_is_an_error():
    with pytest.raises(TypeError, match="no form in JSON"):
        plain(object())
