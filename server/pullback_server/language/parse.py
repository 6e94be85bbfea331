"""From text to program: a lexer, Python's own parser, and an allow-list over its syntax tree. Nothing is evaluated."""

from __future__ import annotations

import ast
from collections.abc import Collection

from ..program import Limits, Place, Program, Reason, Refusal
from .lexing import Source, lex
from .names import acceptable_name, excerpt, name_problem
from .reader import Reader
from .refusals import ASSIGNMENT, EXPRESSION, refuse, too_deep, unsupported, unsupported_node

#: With fewer powers no text that the lexer lets through is too deep for the stack of Python's parser: the lexer counts
#: brackets and unary operators, and only `**` nests without them.
POWERS = 100


def parse(text: str, names: Collection[str], limits: Limits, reader_type: type[Reader] = Reader) -> Program:
    """The program that a text means, with inputs of these names; raises Refusal with line and column.

    Lines `name = expression` come before a last line, which is an expression. The program does not depend on the
    inputs' shapes, which `check` looks at. A `reader_type` may read more functions than the language has.

    >>> program = parse("z = x + 1\\nz*z", ["x"], Limits())
    >>> [type(node).__name__ for node in program.nodes], program.bindings, program.output
    (['Input', 'Literal', 'Apply', 'Apply'], (('z', 2),), 3)
    """
    source = lex(text, limits)
    reader = reader_type(source, names, limits)
    try:
        return _program(_statements(source, limits), reader, limits)
    except RecursionError:
        raise _too_deep(limits) from None


def _statements(source: Source, limits: Limits) -> list[ast.stmt]:
    try:
        return ast.parse(source.text).body
    except SyntaxError as error:
        raise _syntax_error(source, error) from None
    except MemoryError:
        # Python's parser raises it where its stack is too small, and where memory is short.
        if source.text.count("**") < POWERS:
            raise
        raise _too_deep(limits) from None
    except (RecursionError, ValueError):
        raise _too_deep(limits) from None


def _program(statements: list[ast.stmt], reader: Reader, limits: Limits) -> Program:
    bindings: list[tuple[str, int]] = []
    *lines, last = statements
    for line in lines:
        match line:
            case ast.Assign(targets=[ast.Name() as target], value=value):
                bindings.append(_assign(target, value, reader, limits))
            case ast.Assign(targets=[ast.Tuple(elts=[*targets])], value=ast.Call() as call) if all(
                isinstance(target, ast.Name) for target in targets
            ):
                reader.expect_outputs(call, len(targets))
                for number, name in enumerate(targets):
                    assert isinstance(name, ast.Name)
                    output = ast.copy_location(ast.Subscript(call, ast.copy_location(ast.Constant(number), call)), call)
                    bindings.append(_assign(name, output, reader, limits))
            case ast.Expr():
                hint = f"{ASSIGNMENT}; an expression that spans several lines needs parentheses"
                raise reader.refusal(Reason.SYNTAX, line, "an expression before the last line", "an expression", hint)
            case _:
                raise _not_a_line(line, reader.place(line))
    if not isinstance(last, ast.Expr):
        raise _not_a_line(last, reader.place(last))
    result = reader.builder.number(reader.expression(last.value))
    return Program(tuple(reader.builder.nodes), tuple(bindings), result)


def _assign(target: ast.Name, value: ast.expr, reader: Reader, limits: Limits) -> tuple[str, int]:
    """The name that a line assigns, and its node."""
    name = target.id
    if problem := name_problem(name, limits):
        raise reader.refusal(Reason.BAD_NAME, target, problem, name, acceptable_name(limits))
    if reader.defines(name):
        use = "an input" if name in reader.names else "assigned on a line above"
        hint = "give each intermediate its own name"
        raise reader.refusal(Reason.DUPLICATE_NAME, target, f"`{name}` is {use}", name, hint)
    return name, reader.assign(name, value)


def _not_a_line(line: ast.stmt, place: Place) -> Refusal:
    match line:
        case ast.Assign(targets=[ast.Name(id=name)]):
            hint = f"end with an expression, such as a last line `{name}`"
            return refuse(Reason.SYNTAX, place, "the last line is an assignment", f"{name} =", hint)
        case ast.Assign():
            return unsupported(place, ("an assignment to something other than a name", "write `name = expression`"))
        case _:
            return unsupported_node(place, line)


def _syntax_error(source: Source, error: SyntaxError) -> Refusal:
    line = min(max(error.lineno or 1, 1), len(source.starts))
    offset = min(max((error.offset or 1) - 1, 0), len(source.line(line)))
    token = source.token(line, offset)
    unexpected = f"`{excerpt(token)}`" if token else "end of line"
    return refuse(Reason.SYNTAX, source.place(line, offset), f"unexpected {unexpected}", unexpected, EXPRESSION)


def _too_deep(limits: Limits) -> Refusal:
    return too_deep(Place(1, 1), "too many nested operators", limits.depth)
