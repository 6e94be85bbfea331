"""Programs that are unparsed mean the same as the text that they were read from."""

import pytest
from pullback_server.language import TooLongToWrite, check, parse, unparse
from pullback_server.operators import TABLE
from pullback_server.operators.samples import draw
from pullback_server.program import Apply, Input, Limits, Literal, TensorType


def nodes(program):
    """A program's nodes without their places."""
    return [
        (n.operator, n.operands) if isinstance(n, Apply) else (n.name, getattr(n, "value", None)) for n in program.nodes
    ]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_sample_written_back_is_the_same_program(row):
    types = {name: TensorType(sample.dtype, sample.shape) for name, sample in draw(row.interval).items()}
    for text in row.samples:
        before = parse(text, list(types), Limits())
        after = parse(unparse(before), list(types), Limits())
        assert nodes(before) == nodes(after), unparse(before)
        assert check(before, types, Limits()).arguments == check(after, types, Limits()).arguments


PLAIN = [
    ("((x)+(1))*(x-(1-x))", "(x + 1)*(x - (1 - x))"),
    ("-(x**2)", "-x**2"),
    ("(-x)**2", "(-x)**2"),
    ("x**(-2)", "x**-2"),
    ("(x**2)**3", "(x**2)**3"),
    ("x/(x*x)", "x/(x*x)"),
    ("x.exp().sum()", "sum(exp(x))"),
    ("(x > 0) & (x < 1)", "(x > 0) & (x < 1)"),
    ("x[1:, None][..., 0]", "x[1:, None][..., 0]"),
    ("torch.softmax(x, dim=0)*pi", "softmax(x, dim=0)*pi"),
    ("y = x + 1\nz = y*y\nz - y", "y = x + 1\nz = y*y\nz - y"),
    ("x.reshape(x.shape[0], 1)", "reshape(x, x.shape[0], 1)"),
]


@pytest.mark.parametrize(("text", "plain"), PLAIN, ids=[text for text, _ in PLAIN])
def test_no_more_parentheses_are_written_than_are_needed(text, plain):
    assert unparse(parse(text, ["x"], Limits())) == plain


def test_a_node_alone_and_a_text_in_its_place():
    program = parse("log(1 + exp(x))*2", ["x"], Limits())
    node = next(k for k, n in enumerate(program.nodes) if isinstance(n, Apply) and n.operator == "log")
    assert unparse(program, node) == "log(1 + exp(x))"
    assert unparse(program, None, {node: "softplus(x)"}) == "softplus(x)*2"
    assert unparse(program, None, {node: "x + 1"}) == "(x + 1)*2"


def test_what_would_be_longer_than_an_expression_may_be_is_not_unparsed():
    program = parse(
        "\n".join(f"y{k + 1} = y{k} + y{k}*y{k}" if k else "y1 = x + 1" for k in range(3)) + "\ny3", ["x"], Limits()
    )
    assert unparse(program).count("\n") == 3
    here = program.nodes[0].place
    shared = [Input("x", here), Literal(2, here), *(Apply("add", (k - 1, k - 1), (), here) for k in range(2, 40))]
    with pytest.raises(TooLongToWrite):
        unparse(type(program)(tuple(shared), (), len(shared) - 1))
