"""Every text is understood or refused, and nothing else happens."""

from __future__ import annotations

import keyword

from hypothesis import given
from hypothesis import strategies as st
from pullback_server.language import check, parse
from pullback_server.operators import BY_NAME
from pullback_server.program import DType, Limits, Reason, Refusal, TensorType

TYPES = {
    "x": TensorType(DType.FLOAT64, (2, 3)),
    "y": TensorType(DType.FLOAT32, (3,)),
    "n": TensorType(DType.INT64, (2, 1)),
    "m": TensorType(DType.BOOL, ()),
    "größe": TensorType(DType.BFLOAT16, (0, 3)),
}
SYMBOLS = [*"+-*/%@&|~<>^=()[]{},.:;#'\"\\!$\n_", "**", "<=", "==", "!=", ">=", "//", "<<", ":=", "->", "..."]
WORDS = [*keyword.kwlist, "match", "type", "dim", "keepdim", "p", "shape", "size", "T"]
NUMBERS = ["0", "1", "2", "1e400", "0.5", ".5", "1.", "0x1f", "1_0", "07", "1j", "9" * 20, "9" * 400, "-1"]

tokens = st.sampled_from(
    [*SYMBOLS, *WORDS, *NUMBERS, *TYPES, *sorted(BY_NAME), "pi", "e", "torch", "F", "z", " ", "\n"]
)


def refusal_of(text: str) -> Refusal | None:
    try:
        check(parse(text, TYPES.keys(), Limits()), TYPES, Limits())
    except Refusal as refusal:
        return refusal
    return None


def attempt(text: str) -> None:
    refusal = refusal_of(text)
    if refusal is not None:
        assert refusal.reason in Reason
        assert 1 <= refusal.line <= text.count("\n") + 1
        assert refusal.column >= 1
        assert refusal.found
        assert refusal.hint


@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused(text: str) -> None:
    attempt(text)


@given(st.lists(tokens, max_size=25))
def test_any_row_of_tokens_is_understood_or_refused(row: list[str]) -> None:
    attempt("".join(row))
    attempt(" ".join(row))


def calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = st.sampled_from(sorted(BY_NAME))
    symbols = st.sampled_from(["+", "-", "*", "/", "**", "%", "@", "<", "==", "&", "|"])
    options = st.sampled_from(["", ", 0", ", dim=-1", ", keepdim=True", ", None", ", (0, 1)", ", dim=x.shape[0]"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, symbols, inner),
        st.builds("{}({}{})".format, names, inner, options),
        st.builds("{}({}, {})".format, names, inner, inner),
        st.builds("({}).{}()".format, inner, names),
        st.builds("({}).T".format, inner),
        st.builds("-{}".format, inner),
        st.builds("z = {}\nz*z".format, inner),
    )


expressions = st.recursive(st.sampled_from([*TYPES, "1", "2.5", "True", "pi", "x.shape[0]"]), calls, max_leaves=12)


@given(expressions)
def test_any_expression_of_the_table_is_understood_or_refused(text: str) -> None:
    attempt(text)


@given(expressions)
def test_reading_twice_gives_the_same_program(text: str) -> None:
    try:
        program = parse(text, TYPES.keys(), Limits())
    except Refusal:
        return
    assert parse(text, TYPES.keys(), Limits()) == program


@given(expressions)
def test_places_survive_indentation(text: str) -> None:
    if "\n" in text:
        return
    try:
        program = parse(text, TYPES.keys(), Limits())
    except Refusal:
        return
    moved = parse(f"   {text}", TYPES.keys(), Limits())
    assert [n.place.column + 3 for n in program.nodes] == [n.place.column for n in moved.nodes]
