"""`pullback grade`: grades a file of answers, and writes the results in the format that a pipeline reads."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType

import click

from ..batch import FORMATS, Journal, JournalError, Run, Stopped, Summary, format_of, grade_file, lines, survey, write
from .connection import ExitCode, connect, service_options
from .failure import print_failure
from .grading_progress import GradingProgress
from .grading_tables import summary_table
from .table import show


@click.command(short_help="Grade a file of answers.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where results go.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="The format of the results; by default CSV or JUnit for files with those suffixes, else JSON Lines.",
)
@click.option("--seed", type=int, help="Draw points from this seed, whatever the lines say.")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 1),
    metavar="SCORE",
    help="Exit with 1 if the mean score of the decided answers is below this, from 0 to 1.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds without any answer from the service after which the run is stopped.",
)
@service_options
def grade(
    file: Path,
    out: Path,
    form: str | None,
    seed: int | None,
    fail_under: float | None,
    patience: float,
    target: str | None,
    as_json: bool,
) -> None:
    """Grade every line of FILE, JSON Lines or CSV, and write one result per line to --out.

    A line has the fields id, expression, inputs ({name: {shape, domain | structure | value}}), wrt, kind, syntax and
    answer, and may have order, upstream, policy, points, problem and tensor. A line that cannot be read is
    NOT_AN_ANSWER.

    Grades are kept in a journal beside the results: the same command continues where an interrupted one stopped.

    The exit code is 0 when all is graded, 1 if the mean is below --fail-under, 2 for a bad request, 3 when the service
    failed, and 130 after an interruption.
    """
    started = time.monotonic()
    answers = survey(file, lines(file, seed))
    about = {"file": answers.digest, "seed": seed, "pullback": version("pullback")}
    try:
        with Journal(out.with_name(f"{out.name}.journal"), about, answers.total) as journal:
            _grade(Run(file, seed, journal, lambda: connect(target, workers=0), patience), answers.total)
            summary = Summary.of(journal.rows())
            write(out, form or format_of(out), journal.rows(), summary, time.monotonic() - started)
            journal.remove()
    except JournalError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.UsageError(f"{error.filename or out}: {error.strerror or error}") from None
    _print(summary, answers.repeated, as_json)
    below = fail_under is not None and (summary.all.mean or 0.0) < fail_under
    sys.exit(int(ExitCode.NOT_PASSED if below else ExitCode.PASSED))


def _grade(run: Run, total: int) -> None:
    """Runs with a progress bar, and ends the command if the run cannot be finished."""
    with GradingProgress(total, run.journal.rows()) as progress:
        run.on_row = progress.on_row
        try:
            with _interruptible():
                grade_file(run)
            return
        except KeyboardInterrupt:
            code = ExitCode.INTERRUPTED
        except Stopped as stopped:
            code = ExitCode.SERVICE_FAILED
            error = stopped.error
    if code is ExitCode.SERVICE_FAILED:
        print_failure(error, "")
    graded = run.journal.count_rows()
    click.echo(f"{graded} of {total} lines are graded; the same command continues from there", err=True)
    raise SystemExit(int(code))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Makes SIGTERM do what Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _print(summary: Summary, repeated: tuple[str, ...], as_json: bool) -> None:
    show(summary, summary_table, as_json)
    if repeated:
        ids = "1 id is" if len(repeated) == 1 else f"{len(repeated)} ids are"
        click.echo(f"{ids} on several lines, such as {repeated[0]}", err=True)
