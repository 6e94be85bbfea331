"""`pullback diff`: differentiates one expression and prints value, gradients, formulas and verdicts."""

from __future__ import annotations

import re
import sys
from typing import TextIO

import click

from ..errors import InvalidRequest
from ..reasons import Reason
from ..values.reply import Reply
from ..values.request import DEFAULT_NOTATIONS, DEFAULT_TIMEOUT, Request, constant
from .arguments import read_inputs, read_value
from .connection import ExitCode, connect, failures, service_options
from .entry_pictures import sample_around_entries
from .plot import draw, jacobians, require_matplotlib
from .table import latex_lines, reply_table, show, steps_table

_OPTION = re.compile(r"--[a-z][a-z-]+(=.*)?")
#: An entry of a derivative as people write it.
_ENTRY = re.compile(r"([^\W\d]\w*)\s*\[((?:\s*-?\d+\s*,?)*)\]")


# An expression may start with a minus, as `-x**2` does, so what looks like an unknown option is checked below.
@click.command(
    context_settings={"ignore_unknown_options": True},
    options_metavar="[OPTIONS]",
    short_help="Differentiate an expression both ways.",
)
@click.argument("words", nargs=-1, metavar="EXPRESSION [NAME=VALUE]...")
@click.option("--upstream", metavar="VALUE", help="The upstream gradient, of the output's shape.")
@click.option("--wrt", multiple=True, metavar="NAME", help="Differentiate only this input; may be repeated.")
@click.option("--constant", "constants", multiple=True, metavar="NAME", help="Do not differentiate this input.")
@click.option(
    "--entry",
    "entries",
    multiple=True,
    metavar="NAME[I,J]",
    help="Print this entry of the derivative too: the input's own index, or the output's before it; may be repeated.",
)
@click.option("--no-check", is_flag=True, help="Do not compare the closed form with autograd.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=DEFAULT_TIMEOUT,
    show_default=True,
    help="Seconds.",
)
@click.option("--file", type=click.File("r", encoding="utf-8"), help="Read the expression from a file, - for stdin.")
@click.option("--latex", is_flag=True, help="Print the formulas in LaTeX and nothing else.")
@click.option("--steps", is_flag=True, help="Print the derivation, step by step, too.")
@click.option("--code", type=click.Choice(["torch", "numpy"]), help="Print the derivatives as code and nothing else.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Draw the Jacobians and the entries that are not plainly right.",
)
@service_options
def diff(
    words: tuple[str, ...],
    upstream: str | None,
    wrt: tuple[str, ...],
    constants: tuple[str, ...],
    entries: tuple[str, ...],
    no_check: bool,
    timeout: float,
    file: TextIO | None,
    latex: bool,
    steps: bool,
    code: str | None,
    plot: str | None,
    target: str | None,
    as_json: bool,
) -> None:
    """Differentiate EXPRESSION with respect to its inputs, by autograd and in closed form.

    An input is a number (a=2), a vector (a=2,3), JSON (A='[[1,2],[3,4]]') or a file (x=@file.npy). Typed values are
    float64; a dtype may stand before them (n=int:0,2). nan and inf are numbers.

    \b
    pullback diff '3*a**3 - b**2' a=2,3 b=6,4 --upstream 1,1

    The exit code is 0 when the two agree on all inputs (or with --no-check), 1 for another verdict, 2 for a bad request
    and 3 when the service failed.
    """
    expression, tokens = _split(words, file)
    if plot is not None:
        require_matplotlib()
    with failures(as_json, expression):
        inputs = read_inputs(tokens)
        for name in constants:
            if name not in inputs:
                raise InvalidRequest(f"`{name}` is not among the inputs", reason=Reason.UNKNOWN_INPUT, field="constant")
            inputs[name] = constant(inputs[name])
        gradient = None if upstream is None else read_value(upstream, "upstream")
        notations, places = _notations(latex, steps, code, as_json), [_place(entry) for entry in entries]
        with connect(target) as client:
            reply = client.differentiate(
                expression,
                inputs,
                gradient,
                wrt or None,
                notations,
                check=not no_check,
                timeout=timeout,
                entries=places,
            )
            if plot is not None:
                values_only = Request(expression, inputs, gradient, wrt or None, (), check=False, timeout=timeout)
                heat_maps = jacobians(client, values_only, reply)
                draw(plot, heat_maps, list(sample_around_entries(client, values_only, reply)))
    _print(reply, latex, steps, code, as_json)
    sys.exit(int(ExitCode.PASSED if reply.agree or no_check else ExitCode.NOT_PASSED))


def _split(words: tuple[str, ...], file: TextIO | None) -> tuple[str, tuple[str, ...]]:
    for word in words:
        if _OPTION.fullmatch(word):
            raise click.NoSuchOption(word.partition("=")[0])
    if file is not None:
        return file.read(), words
    if not words:
        raise click.UsageError("Missing argument 'EXPRESSION'.")
    return words[0], words[1:]


def _place(entry: str) -> tuple[str, tuple[int, ...]]:
    """The place of an entry as people write it: `W[0, 1]`.

    >>> _place("W[0, 1]"), _place("x[]")
    (('W', (0, 1)), ('x', ()))
    """
    match = _ENTRY.fullmatch(entry.strip())
    if match is None:
        message = f"`{entry}` is not an entry"
        raise InvalidRequest(
            message, reason=Reason.BAD_VALUE, field="entry", hint="an input and an index, such as W[0,1]"
        )
    return match[1], tuple(int(index) for index in match[2].split(",") if index.strip())


def _notations(latex: bool, steps: bool, code: str | None, as_json: bool) -> tuple[str, ...]:
    extra = (*(["steps"] if steps else []), *(["code"] if code else []))
    if as_json or not (latex or code):
        return (*DEFAULT_NOTATIONS, *extra)
    return (*(["latex", "matrix"] if latex else []), *extra)


def _print(reply: Reply, latex: bool, steps: bool, code: str | None, as_json: bool) -> None:
    if as_json or not (latex or code):
        show(reply, reply_table, as_json)
        if steps and not as_json:
            show(reply, steps_table, as_json)
    elif code is not None:
        text = getattr(reply.code, code)
        click.echo(text or f"# There is no code for this expression in {code}.", nl=not text)
    else:
        click.echo("\n".join(latex_lines(reply)))
