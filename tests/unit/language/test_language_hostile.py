"""The hostile corpus, as far as text, names and shapes decide: refused with a place, or understood."""

from __future__ import annotations

from typing import Any

import pytest
from hostile_lines import DTYPES as NUMPY_DTYPES
from hostile_lines import LINES, NAMES
from pullback_server.language import check, check_names, parse
from pullback_server.program import DType, Limits, Refusal, TensorType

DTYPES = {name: DType[NAMES.get(name, name)] for name in NUMPY_DTYPES}
#: Refused by what only the bytes, the values, or the choice of what to differentiate can tell.
NOT_OF_THE_LANGUAGE = {"abs(x)", "div(x,y,rounding_mode='trunc')", "gather(x,0,y)", "index_select(x,0,y)"}


def decided_by_language(case: dict[str, Any]) -> bool:
    """Whether nothing but expression, names, dtypes and shapes matters to the case."""

    def plain(tensor: dict[str, Any]) -> bool:
        shape, data = tensor["shape"], tensor.get("data")
        return (
            tensor["dtype"] in DTYPES
            and not {"raw_hex", "raw_bytes"} & set(tensor)
            and not (isinstance(data, list) and len(shape) == 1 and len(data) != shape[0])
        )

    return (
        not {"upstream", "request"} & set(case)
        and case["expression"] not in NOT_OF_THE_LANGUAGE
        and all(map(plain, case["inputs"]))
    )


def refusal_of(case: dict[str, Any]) -> Refusal | None:
    names = [tensor["name"] for tensor in case["inputs"]]
    types = {t["name"]: TensorType(DTYPES[t["dtype"]], tuple(t["shape"])) for t in case["inputs"]}
    try:
        check_names(names, Limits())
        check(parse(case["expression"], names, Limits()), types, Limits())
    except Refusal as refusal:
        return refusal
    return None


def load() -> list[Any]:
    return [pytest.param(c, id=f"{c['group']}-{k}") for k, c in enumerate(LINES) if decided_by_language(c)]


@pytest.mark.parametrize("case", load())
def test_each_case_is_refused_with_its_place_or_understood(case: dict[str, Any]) -> None:
    refusal = refusal_of(case)
    accepted = case["expected_code"].split("|")
    if refusal is None:
        assert "OK" in accepted
        return
    assert "INVALID_ARGUMENT" in accepted
    assert refusal.message
    assert refusal.hint
    assert refusal.found or refusal.message == "the name is empty"
    assert refusal.field != "expression" or min(refusal.line, refusal.column) >= 1
    assert str(refusal).isprintable()
    assert len(str(refusal)) < 500


def test_most_of_the_corpus_is_decided_here() -> None:
    assert len(load()) > 150
