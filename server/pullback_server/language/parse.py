"""Text to program: Python's own parser behind guards, and an allow-list over what it finds. Nothing is evaluated."""

from __future__ import annotations

import ast
from collections.abc import Collection

from ..program import Limits, Place, Program, Reason, Refusal
from .lexing import Source, guard
from .names import acceptable_name, name_problem, shown
from .reader import Reader
from .refusals import ASSIGNMENT, EXPRESSION, over_limit, refuse, unsupported, unsupported_node

#: With fewer powers no text that the guard lets through is too deep for the stack of Python's parser: the guard counts
#: brackets and signs, and only `**` nests without them.
POWERS = 100


def parse(text: str, names: Collection[str], limits: Limits, reading: type[Reader] = Reader) -> Program:
    """The program that a text means, given the names of the inputs; raises Refusal with line and column.

    Lines `name = expression` come before a last line, which is an expression. The program does not depend on the
    inputs' shapes, which `check` looks at. `reading` is what reads the expressions.

    >>> program = parse("z = x + 1\\nz*z", ["x"], Limits())
    >>> [type(node).__name__ for node in program.nodes], program.bindings, program.output
    (['Input', 'Literal', 'Apply', 'Apply'], (('z', 2),), 3)
    """
    source = guard(text, limits)
    reader = reading(source, names, limits)
    try:
        return _program(_statements(source, limits), source, reader, limits)
    except RecursionError:
        raise _too_deep(limits) from None


def _statements(source: Source, limits: Limits) -> list[ast.stmt]:
    try:
        return ast.parse(source.text).body
    except SyntaxError as error:
        raise _no_expression(source, error) from None
    except MemoryError:
        # Python's parser says so where its stack is too small, and where it is memory that is missing.
        if source.text.count("**") < POWERS:
            raise
        raise _too_deep(limits) from None
    except (RecursionError, ValueError):
        raise _too_deep(limits) from None


def _program(statements: list[ast.stmt], source: Source, reader: Reader, limits: Limits) -> Program:
    bindings: list[tuple[str, int]] = []
    *lines, last = statements
    for line in lines:
        match line:
            case ast.Assign(targets=[ast.Name(id=name) as only], value=value):
                _check_new(name, source.place_of_bytes(only.lineno, only.col_offset), reader, limits)
                bindings.append((name, reader.bind(name, value)))
            case ast.Assign(targets=[ast.Tuple(elts=[*targets])], value=ast.Call() as call) if all(
                isinstance(target, ast.Name) for target in targets
            ):
                reader.expect_outputs(call, len(targets))
                for number, target in enumerate(targets):
                    assert isinstance(target, ast.Name)
                    _check_new(target.id, source.place_of_bytes(target.lineno, target.col_offset), reader, limits)
                    one = ast.copy_location(ast.Subscript(call, ast.copy_location(ast.Constant(number), call)), call)
                    bindings.append((target.id, reader.bind(target.id, one)))
            case ast.Expr():
                place = source.place_of_bytes(line.lineno, line.col_offset)
                hint = f"{ASSIGNMENT}; bracket an expression that runs over several lines"
                raise refuse(Reason.SYNTAX, place, "an expression before the last line", "an expression", hint)
            case _:
                raise _no_line(line, source)
    if not isinstance(last, ast.Expr):
        raise _no_line(last, source)
    output = reader.builder.number(reader.expression(last.value))
    return Program(tuple(reader.builder.nodes), tuple(bindings), output)


def _check_new(name: str, place: Place, reader: Reader, limits: Limits) -> None:
    if problem := name_problem(name, limits):
        raise refuse(Reason.BAD_NAME, place, problem, name, acceptable_name(limits))
    if reader.defines(name):
        what = "an input" if name in reader.names else "assigned on a line above"
        raise refuse(
            Reason.DUPLICATE_NAME, place, f"`{name}` is {what}", name, "give each intermediate a name of its own"
        )


def _no_line(line: ast.stmt, source: Source) -> Refusal:
    place = source.place_of_bytes(line.lineno, line.col_offset)
    match line:
        case ast.Assign(targets=[ast.Name(id=name)]):
            hint = f"end with an expression, such as a last line `{name}`"
            return refuse(Reason.SYNTAX, place, "the last line is an assignment", f"{name} =", hint)
        case ast.Assign():
            return unsupported(place, ("an assignment to something else than one name", "write `name = expression`"))
        case _:
            return unsupported_node(place, line)


def _no_expression(source: Source, error: SyntaxError) -> Refusal:
    line = min(max(error.lineno or 1, 1), len(source.starts))
    offset = min(max((error.offset or 1) - 1, 0), len(source.line(line)))
    token = source.token(line, offset)
    found = f"`{shown(token)}`" if token else "the end of the line"
    return refuse(Reason.SYNTAX, source.place(line, offset), f"{found} is not expected here", found, EXPRESSION)


def _too_deep(limits: Limits) -> Refusal:
    hint = "name a part of it on a line of its own, `z = ...`"
    return over_limit(Place(1, 1), "depth", "operators inside one another", limits.depth, hint)
