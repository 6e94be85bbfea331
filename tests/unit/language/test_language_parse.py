"""From text to a program: meanings, places, folding, calls, and refusals with their words."""

from __future__ import annotations

import pytest
from pullback_server.language import PREFIXES, check_names, parse
from pullback_server.program import Apply, Input, Limits, Literal, Place, Program, Refusal, Size

NAMES = ("a", "b", "x", "y", "A")


def program_of(text: str, names: tuple[str, ...] = NAMES) -> Program:
    return parse(text, names, Limits())


def refusal_of(text: str, names: tuple[str, ...] = NAMES, limits: Limits | None = None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse(text, names, limits or Limits())
    return caught.value


def as_calls(program: Program, number: int | None = None) -> str:
    """A node as nested calls, numbers as Python writes them."""
    node = program.nodes[program.output if number is None else number]
    match node:
        case Input(name=name):
            return name
        case Literal(value=Size(operand=operand, axis=axis)):
            return f"{as_calls(program, operand)}.shape[{axis}]"
        case Literal(value=value, name=name):
            return name or repr(value)
        case Apply():
            operands = ["None" if k is None else as_calls(program, k) for k in node.operands]
            arguments = [f"{name}={value!r}" for name, value in node.arguments]
            return f"{node.operator}({', '.join([*operands, *arguments])})"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("3*a**3 - b**2", "sub(mul(3, pow(a, 3)), pow(b, 2))"),
        ("torch.sum(torch.abs(A*(-2) + 1))", "sum(abs(add(mul(A, -2), 1)))"),
        ("x.sum(dim=0)", "sum(x, dim=0)"),
        ("sum(x, axis=0, keepdims=True)", "sum(x, dim=0, keepdim=True)"),
        ("sum(x, [0, 1])", "sum(x, dim=(0, 1))"),
        ("sum(x, dim=None, keepdim=False)", "sum(x)"),
        ("x.T", "T(x)"),
        ("x.sum().exp()", "exp(sum(x))"),
        ("torch.nn.functional.relu(x)", "relu(x)"),
        ("F.relu(x)", "relu(x)"),
        ("np.tanh(x)", "tanh(x)"),
        ("clamp(x, max=1)", "clamp(x, None, 1)"),
        ("clamp(x, None, 1)", "clamp(x, None, 1)"),
        ("norm(x, p=1/2)", "norm(x, p=0.5)"),
        ("norm(x, -inf)", "norm(x, p=-inf)"),
        ("norm(x, 'fro')", "norm(x, p='fro')"),
        ("pi*x", "mul(pi, x)"),
        ("torch.pi*x", "mul(pi, x)"),
        ("np.inf - x", "sub(inf, x)"),
        ("x/x.shape[0]", "div(x, x.shape[0])"),
        ("x/x.size(-1)", "div(x, x.shape[-1])"),
        ("(x > 0) & ~(y < 1)", "bitwise_and(gt(x, 0), bitwise_not(lt(y, 1)))"),
        ("where(x != y, True, x)", "where(ne(x, y), True, x)"),
        ("-x**2", "neg(pow(x, 2))"),
        ("a @ x % b", "remainder(matmul(a, x), b)"),
        (" x * 2 ", "mul(x, 2)"),
        ("x+1 # comment", "add(x, 1)"),
        ("(x +\n   y)", "add(x, y)"),
        ("\t z = x\r\n\n # here\n  exp(z)", "exp(x)"),
        ("n = 1\nsum(x, dim=n)", "sum(x, dim=1)"),
        ("match = x\nmatch*2", "mul(x, 2)"),
    ],
)
def test_a_text_means_these_calls(text: str, meaning: str) -> None:
    assert as_calls(program_of(text)) == meaning


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2**10", 1024),
        ("10**18", 10**18),
        ("-(2 + 3)*4 - 1", -21),
        ("2**-1", 0.5),
        ("-2**2", -4),
        ("-0.5", -0.5),
        ("1_000", 1000),
        ("2**62 + (2**62 - 1)", 2**63 - 1),
    ],
)
def test_arithmetic_on_integers_is_folded_exactly(text: str, value: float) -> None:
    program = program_of(text)
    assert [node.value for node in program.nodes if isinstance(node, Literal)] == [value]
    assert type(program.nodes[0].value) is type(value)  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["1/3", "0.1 + 0.2", "-pi", "5 % 3"])
def test_other_arithmetic_is_left_to_the_legs(text: str) -> None:
    assert isinstance(program_of(text).nodes[-1], Apply)


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9", "(9**9)**(9**9)", "10**-(10**9)", "-(-(2**(2**33)))", "x**(10**100)", "10**19*x", "2**63",
        "12345678901234567890123456789*x", "1e400*x", "1" * 301, "0**-1", "norm(x, 1/0)",
    ],
)  # fmt: skip
def test_a_number_that_does_not_fit_is_refused(text: str) -> None:
    assert refusal_of(text).reason.name == "BAD_NUMBER"


def test_equal_subexpressions_are_one_node() -> None:
    program = program_of("exp(x)*exp(x) + exp( x )")
    assert [n.operator for n in program.nodes if isinstance(n, Apply)] == ["exp", "mul", "add"]


def test_numbers_of_other_types_are_other_nodes() -> None:
    literals = [n.value for n in program_of("where(x > 1, True, 1.0)").nodes if isinstance(n, Literal)]
    assert [type(value) for value in literals] == [int, bool, float]


def test_lines_name_intermediates() -> None:
    program = program_of("z = x**2 + y\np = z*2 + x\np")
    assert [name for name, _ in program.bindings] == ["z", "p"]
    assert program.bindings[-1][1] == program.output
    assert program.inputs().keys() == {"x", "y"}


def test_an_unused_intermediate_is_kept() -> None:
    program = program_of("z = exp(y)\nx")
    assert as_calls(program, program.bindings[0][1]) == "exp(y)"


def test_places_count_characters_of_the_original_text() -> None:
    names = ("größe", "x")
    node = program_of("größe + exp(x)", names).nodes[2]
    assert node.place == Place(1, 9)
    deeper = program_of("z = x\n    größe * exp(z)", names)
    assert next(n.place for n in deeper.nodes if isinstance(n, Apply)) == Place(2, 13)
    assert (refusal_of("  z = x\n   q + z").line, refusal_of("  z = x\n   q + z").column) == (2, 4)


@pytest.mark.parametrize(
    ("text", "reason", "line", "column", "hint"),
    [
        ("(lambda: 1)()", "UNSUPPORTED_SYNTAX", 1, 2, "3*a**3"),
        ("x if x else y", "UNSUPPORTED_SYNTAX", 1, 3, "where(condition, a, b)"),
        ("x // y", "UNSUPPORTED_SYNTAX", 1, 3, "floor(a / b)"),
        ("x ^ 2", "UNSUPPORTED_SYNTAX", 1, 3, "**"),
        ("x and y", "UNSUPPORTED_SYNTAX", 1, 3, "&"),
        ("x or y", "UNSUPPORTED_SYNTAX", 1, 3, "|"),
        ("not x", "UNSUPPORTED_SYNTAX", 1, 1, "~"),
        ("a < b < x", "UNSUPPORTED_SYNTAX", 1, 1, "(a < b) & (b < c)"),
        ("x; y", "UNSUPPORTED_SYNTAX", 1, 2, "line"),
        ("x[0.5]", "BAD_ARGUMENT", 1, 3, "lists of integers"),
        ("x.shape", "UNSUPPORTED_SYNTAX", 1, 1, "x.shape[0]"),
        ("(z := x)", "UNSUPPORTED_SYNTAX", 1, 4, "name = expression"),
        ("[t for t in x]", "UNSUPPORTED_SYNTAX", 1, 4, "whole tensors"),
        ("{x: 1}", "UNSUPPORTED_SYNTAX", 1, 1, "( )"),
        ("f'{x}'", "UNSUPPORTED_SYNTAX", 1, 2, "strings"),
        ("'x'", "UNSUPPORTED_SYNTAX", 1, 1, "arguments"),
        ("x, y", "UNSUPPORTED_SYNTAX", 1, 1, "arguments"),
        ("sum(*x)", "UNSUPPORTED_SYNTAX", 1, 5, "one by one"),
        ("...", "UNSUPPORTED_SYNTAX", 1, 1, "tensor"),
        ("z += x\nz", "UNSUPPORTED_SYNTAX", 1, 3, "its own name"),
        ("z: x = x\nz", "UNSUPPORTED_SYNTAX", 1, 1, "name = expression"),
        ("p = q = x\np", "UNSUPPORTED_SYNTAX", 1, 1, "name = expression"),
        ("−x", "FORBIDDEN_CHARACTER", 1, 1, "use -"),
        ("x\u200b+1", "FORBIDDEN_CHARACTER", 1, 2, "allowed"),
        ("x²", "FORBIDDEN_CHARACTER", 1, 2, "**2"),
        ("x # \x07", "FORBIDDEN_CHARACTER", 1, 5, "allowed"),
        ("x +", "SYNTAX", 1, 4, "expression"),
        ("exp(x", "SYNTAX", 1, 4, ")"),
        ("exp(x]", "SYNTAX", 1, 6, ")"),
        ("2x", "SYNTAX", 1, 2, "*"),
        ("x\ny", "SYNTAX", 1, 1, "parentheses"),
        ("z = x", "SYNTAX", 1, 1, "`z`"),
        (" # nothing", "EMPTY_EXPRESSION", 1, 1, "expression"),
        ("x = y\nx", "DUPLICATE_NAME", 1, 1, "its own name"),
        ("z = y\nz = x\nz", "DUPLICATE_NAME", 2, 1, "its own name"),
        ("exp = x\nexp", "BAD_NAME", 1, 1, "letters"),
        ("sofmax(x)", "UNKNOWN_OPERATOR", 1, 1, "did you mean softmax"),
        ("x.sofmax()", "UNKNOWN_OPERATOR", 1, 1, "did you mean softmax"),
        ("torch.Sigmoid(x)", "UNKNOWN_OPERATOR", 1, 1, "did you mean sigmoid"),
        ("torch.foo.exp(x)", "UNKNOWN_NAME", 1, 1, "torch"),
        ("np.median(A)", "UNKNOWN_OPERATOR", 1, 1, "median(x)"),
        ("x + exp", "UNKNOWN_NAME", 1, 5, "exp(x)"),
        ("torch + x", "UNKNOWN_NAME", 1, 1, "torch.sum(x)"),
        ("X", "UNKNOWN_NAME", 1, 1, "did you mean x"),
        ("unheard", "UNKNOWN_NAME", 1, 1, "the known names are a, b, x, y, A"),
        ("exp()", "BAD_ARGUMENT", 1, 1, "exp(x)"),
        ("exp(x, y)", "BAD_ARGUMENT", 1, 8, "exp(x)"),
        ("exp('x')", "BAD_ARGUMENT", 1, 5, "exp(x)"),
        ("exp(None)", "BAD_ARGUMENT", 1, 5, "exp(x)"),
        ("sum(x, dm=0)", "BAD_ARGUMENT", 1, 11, "dim=None"),
        ("sum(x, 0, dim=1)", "BAD_ARGUMENT", 1, 15, "dim=None"),
        ("sum(x, dim=0.5)", "BAD_ARGUMENT", 1, 12, "dim=None"),
        ("sum(x, dim=y)", "BAD_ARGUMENT", 1, 12, "number"),
        ("sum(x, 0, 1)", "BAD_ARGUMENT", 1, 11, "keepdim"),
        ("x(y)", "BAD_ARGUMENT", 1, 1, "*"),
        ("x.T()", "BAD_ARGUMENT", 1, 1, "x.T"),
        ("x.sum", "BAD_ARGUMENT", 1, 1, "sum(x"),
        ("x.shape[y]", "BAD_ARGUMENT", 1, 9, "number"),
    ],
)
def test_a_refusal_says_where_and_what_would_be_accepted(
    text: str, reason: str, line: int, column: int, hint: str
) -> None:
    refusal = refusal_of(text)
    assert (refusal.reason.name, refusal.line, refusal.column) == (reason, line, column)
    assert hint in refusal.hint
    assert refusal.message
    assert refusal.found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("norm(x, 'fro)", "unterminated string literal"),
        ("norm(x, 'f''ro')", "implicit string concatenation is not part of the language"),
        ("x)", "unmatched `)`"),
        ("(x]", "`]` does not match `(`"),
        ("x +", "unexpected end of line"),
        ("2x", "no operator between a number and `x`"),
        ("(" * 101 + "x" + ")" * 101, "101 nested brackets, over the limit `depth` of 100"),
        ("-" * 101 + "x", "101 nested unary operators, over the limit `depth` of 100"),
        ("a < b < x", "a chained comparison is not part of the language"),
        ("2**63*x", "an integer of more than 64 bits"),
        ("x[1.5]", "not a valid index"),
        ("exp(x, y)", "exp takes 1 argument, but 2 are given"),
        ("sum(x, dim=0.5)", "`dim` of sum must be an integer, a tuple of integers or None"),
        ("x.exp", "`exp` is a function, not an attribute"),
        ("p, q = exp(x)\np", "exp returns one result, but 2 names are assigned"),
    ],
)
def test_a_refusal_says_what_is_wrong(text: str, message: str) -> None:
    assert refusal_of(text).message == message


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("x" + "+x" * 50_000, "characters"),
        ("-" * 9_000 + "x", "depth"),
        ("(" * 4_000 + "x" + ")" * 4_000, "depth"),
        ("x" + "**x" * 300, "depth"),
        ("exp(" * 101 + "x" + ")" * 101, "depth"),
        ("x" + ".T" * 4_000, "depth"),
        ("x" + "**x" * 3_300, "depth"),
        ("x" + "/x" * 4_000, "depth"),
        ("sum(x, dim=" + "1/" * 3_000 + "1)", "depth"),
        ("+".join(f"x*{k}" for k in range(1_100)), "nodes"),
        ("n" * 65, "name_characters"),
    ],
)
def test_an_expression_over_a_limit_is_refused(text: str, limit: str) -> None:
    refusal = refusal_of(text)
    assert refusal.reason.name == "LIMIT_EXCEEDED"
    assert f"`{limit}`" in refusal.message
    assert str(getattr(Limits(), limit)) in refusal.message


def test_a_long_sum_is_not_deep() -> None:
    assert len(program_of("+".join(f"x**{k}" for k in range(2, 300))).nodes) > 800


@pytest.mark.parametrize("name", ["E", "I", "S", "N", "Q", "T", "beta", "gamma", "zeta", "e", "pi", "torch", "np", "F"])
def test_a_name_hides_what_it_means_elsewhere(name: str) -> None:
    check_names([name], Limits())
    assert as_calls(program_of(f"{name}*2", (name,))) == f"mul({name}, 2)"


@pytest.mark.parametrize("prefix", sorted(PREFIXES))
def test_a_prefix_is_ignored(prefix: str) -> None:
    assert as_calls(program_of(f"{prefix}.exp(x)")) == "exp(x)"


def test_a_lack_of_memory_is_not_the_fault_of_the_text(monkeypatch):
    def without_memory(text):
        raise MemoryError

    monkeypatch.setattr("ast.parse", without_memory)
    with pytest.raises(MemoryError):
        parse("softmax(x) + " * 20 + "x**2", ["x"], Limits())
