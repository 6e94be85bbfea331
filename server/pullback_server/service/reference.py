"""The service's reference, server/SERVICE.md, made from the tables that the service works by.

python -m pullback_server.service.reference            write server/SERVICE.md
python -m pullback_server.service.reference --check    exit 1 where it is not what the tables give
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from .. import grading
from ..grading.work import UNITS
from ..language.pages import table, write_or_check
from ..verdict import UndecidedReason
from .config import Setting, settings
from .failpoints import ACTIONS, POINTS, VARIABLE
from .front.dispatch import TIME_SHARE
from .front.metrics import METRICS
from .front.pool import CHECK_EVERY, CHECKS
from .front.waiting import ROOM, TOGETHER
from .limits import DIVIDED_SHARE
from .protocol.errors import FailureReason
from .protocol.methods import ROWS
from .sandbox import DENIED

FILE = Path(__file__).parents[2] / "SERVICE.md"

INTRODUCTION = """\
# The service

This file is made from the service's tables by `python -m pullback_server.service.reference`; change the tables instead.

A front moves bytes between callers and worker processes, in which everything else happens: parsing, torch, sympy. A
worker answers one request at a time and can be killed at any moment; its request is then replayed once on another.
"""

SECURITY = """\
## Who may call, and who can listen

The service listens on the loopback interface. On another address it starts only with TLS (`--tls-certificate`,
`--tls-key`) and with tokens (`--token-file`) or clients' certificates (`--tls-client-ca`), unless `--allow-plaintext`
or `--allow-anonymous` allows it to start without.

- `pullback token alice 2>> tokens > alice.token` makes a token. The file holds a line for each client with its name and
  the token's SHA-256, never the token. Callers send exactly one header `authorization: Bearer TOKEN`; hashes are
  compared in constant time, before the body of a call is read.
- Where no tokens are set, a call with a token is refused: its sender relies on a check that is not there.
- The files of tokens and TLS are checked every second and read again when they have changed; where they cannot be read,
  the previous ones stay, and the log has a line about it.
- Health needs no token. Reflection needs one where the methods do, and `--no-reflection` turns it off.
"""

ADMISSION = f"""\
## Which requests are accepted

A request over a limit is refused before anything is computed. `DescribeLanguage` and `pullback status` show all limits.

- At most `queue` requests wait, and of one client at most `share` of them; clients take turns. A client is the name of
  its token or, without tokens, its address (for IPv6 its /64 network). A request beyond that is refused at once with
  RESOURCE_EXHAUSTED, the reason, and the pause before a retry.
- All requests that wait or are worked on together have at most `bytes_in_flight` bytes.
- Each expression's memory and work are estimated from its shapes. Of `memory_in_flight` and `work_in_flight`,
  {DIVIDED_SHARE:.0%} is divided among the workers; a request that needs more than its worker's share waits, with its
  worker, until it fits in the rest.
- Small differentiations that wait are sent to a worker together, at most {TOGETHER} and its share of them, since a
  process that changes hands between two requests starts each of them with cold caches. They are answered in order; one
  that takes its time, or whose worker dies, sends those behind it to other workers. Of a stream, 2 requests a worker
  are read ahead in any case, and up to {TOGETHER} times as many while less than {ROOM:.0%} of the queue is used.
- A call ends after `time_limit`, which a stream's request has once for every 2 a worker that it waits behind, or at its
  own deadline. Its reply comes together in stages: the numbers, the verdicts,
  then the closed form in one notation after the other; of a grade the outcome, the findings, then the right answer.
  When `symbolic_budget`, the budget of a grade's policy, or {TIME_SHARE:.0%} of the caller's time is over, the caller
  gets what there is by then, and what is not there has the state DEADLINE. What decides an outcome, a finding or
  whether a formula is written is counted, never timed, so that a busy machine gives the same answers, later: the
  clocks are there against hangs.
"""

ISOLATION = f"""\
## What a worker can do

- On the CPU its address space is bounded (`worker_memory` beyond what it has when it is warm), and so are its files,
  its processor time and its core dumps. An allocation that does not fit is DEVICE_OUT_OF_MEMORY and costs no worker.
- A seccomp filter denies it the system calls below; it can gain no new privileges, and can neither signal nor start
  another process. `--no-sandbox` runs without the filter.
- It is replaced after `worker_tasks` tasks, or when it has grown by `worker_growth`; its successor is ready before it
  ends.
- It ends when an error corrupts the context of an accelerator, and when it is stopped from outside for
  {CHECK_EVERY * CHECKS:g} seconds.
"""

MONITORING = """\
## Logs, metrics and traces

- The log is one JSON object per line on stderr: `time`, `level`, `source`, `pid`, `message`, and for calls `request`,
  `client`, `method`, `status`, `reason`, seconds and bytes. Calls that fail through the service's own fault are always
  logged, all others with `--log-calls`. Where the log cannot be written, lines are lost, but no call fails.
- Each call has an id: the caller's `x-request-id` metadata, or a new id. It comes back in the trailing metadata, the
  client's errors have it as `request_id`, and the requests of a stream are numbered below it.
- `--metrics-port 9464` answers Prometheus on `/metrics` with the metrics below.
- `--traces` sends OpenTelemetry spans, one for each call with one inside it for the queue and one for each leg, as
  children of the caller's `traceparent`. It needs the extra `pullback[traces]`; the variables `OTEL_EXPORTER_OTLP_...`
  configure the destination.
- `pullback status --target HOST:PORT` shows health, device, workers, limits and versions; its exit code is 0 where the
  service is serving. With `--health-only` it is a probe that needs no token.
"""


def reference() -> str:
    """The whole page."""
    calls = (INTRODUCTION, *_methods(), *_settings(), ADMISSION, SECURITY, ISOLATION, *_denied(), *_reasons())
    return "\n".join((*calls, MONITORING, *_metrics(), *_grades(), *_failpoints()))


def _methods() -> Iterator[str]:
    yield "## Methods\n"
    rows = ((f"`{row.path}`", "stream" if row.stream else "call") for row in ROWS.values())
    yield from table(("method", "kind"), rows)


def _settings() -> Iterator[str]:
    yield "## Settings\n"
    yield "Each is a flag of `pullback serve` or an environment variable; the flag wins. `pullback serve --check`"
    yield "starts nothing: it shows the values in force, where each comes from, and whether they are consistent.\n"
    rows = ((f"`{s.flag}`", f"`{s.variable}`", _default(s), s.doc) for s in settings())
    yield from table(("flag", "variable", "default", "meaning"), rows)


def _default(setting: Setting) -> str:
    match setting.default:
        case bool():
            return "yes" if setting.default else "no"
        case int():
            return f"{setting.default}" if setting.default < 10**5 else f"{setting.default:,}"
        case default:
            return f"{default}"


def _reasons() -> Iterator[str]:
    yield "## Why a call fails\n"
    yield "An error is a `google.rpc.Status` with `ErrorInfo` (the reason, domain `pullback`) and, where the request"
    yield "is wrong, `BadRequest` with field and sentence; line, column, what was found and what would be accepted are"
    yield "in the metadata of `ErrorInfo`. LANGUAGE.md has the reasons of refusals, which are all INVALID_ARGUMENT.\n"
    rows = (
        (f"`{reason.name}`", reason.code.name, _retry(reason.retry_after), reason.sentence) for reason in FailureReason
    )
    yield from table(("reason", "status", "retry", "meaning"), rows)
    yield "A call that succeeds may have verdicts that are UNDECIDED, for these reasons:\n"
    yield from table(("reason", "meaning"), ((f"`{reason}`", reason.sentence) for reason in UndecidedReason))


def _retry(seconds: float | None) -> str:
    return "no" if seconds is None else f"after {seconds:g} s"


def _grades() -> Iterator[str]:
    yield "## What a grade says\n"
    yield "The findings of a wrong answer have codes, those of the smallest priority first; partial credit is given by"
    yield "the first finding.\n"
    mistakes = ((f"`{m.name}`", f"{m.priority}", m.sentence) for m in grading.Mistake)
    yield from table(("code", "priority", "what the answer is, or what is wrong with it"), mistakes)
    yield "A NOT_AN_ANSWER has one of these codes, or WRONG_VARIABLE or WRONG_ORDER where its left side names another"
    yield "derivative:\n"
    yield from table(("code", "why"), ((f"`{r.name}`", r.value) for r in grading.NotAnAnswerReason))
    yield "An UNDECIDED grade has one of these reasons, where B is the budget that the problem's policy sets:\n"
    yield from (f"- {reason.value.format(budget='B')}" for reason in grading.UndecidedReason)
    yield ""
    yield "The findings and the right answer of a grade each have a state:\n"
    yield from table(("state", "meaning"), ((f"`{state.name}`", state.value) for state in grading.PartState))
    yield from _work()


def _work() -> Iterator[str]:
    policy = grading.Policy()
    yield "## How much a grade may compute\n"
    yield f"The outcome, the findings and the right answer may each take the work that the policy sets, {policy.work:,}"
    yield "units by default. Work is estimated from expressions and shapes, and counted even where a result is kept"
    yield "from an earlier answer, so that a grade depends on neither the machine nor its load. A unit is about a"
    yield f"microsecond. The policy's budget, {policy.budget:g} seconds by default, only guards against hangs.\n"
    yield from table(("what is counted", "units"), ((what, f"{units:,}") for what, units in UNITS))


def _denied() -> Iterator[str]:
    yield f"Denied: {', '.join(f'`{name}`' for name in DENIED)}; `clone` except for threads; `kill` except of itself.\n"


def _metrics() -> Iterator[str]:
    yield from table(("metric", "kind", "meaning"), ((f"`{row.name}`", row.kind, row.meaning) for row in METRICS))


def _failpoints() -> Iterator[str]:
    yield "## Failpoints\n"
    yield f"For tests: the variable `{VARIABLE}` makes named steps fail. It holds terms"
    yield "`point=[percent%][times*]action[(argument)]`, joined by `;`; without it a point does nothing. Actions:"
    yield f"{', '.join(f'`{name}`' for name in ACTIONS)}.\n"
    yield from table(("point", "where"), ((f"`{name}`", where) for name, where in POINTS.items()))


def main() -> int:
    """Do what the command line says; the exit status is 0 on success."""
    return write_or_check(FILE, reference(), "pullback_server.service.reference", __doc__)


if __name__ == "__main__":
    sys.exit(main())
