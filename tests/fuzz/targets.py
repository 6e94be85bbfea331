"""What is fuzzed: functions of bytes that may only return, after the text or the request was understood or refused."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pullback_server.language import check, parse
from pullback_server.operators.samples import draw
from pullback_server.program import Limits, Refusal, TensorType
from pullback_server.service.protocol import envelope, errors
from pullback_server.service.wire import derivative_messages
from pullback_server.verdict.preparation import differentiated_inputs, prepare, resolve_upstream, types_of

from tests.reason_table import REASONS

Target = Callable[[bytes], None]

LIMITS = Limits()
#: The inputs that an expression may name: those of the operators' samples.
TYPES = {name: TensorType(sample.dtype, sample.shape) for name, sample in draw((-2.0, 2.0)).items()}
#: The audit events that nothing that a stranger sends may cause; parsing compiles, and runs nothing.
FORBIDDEN = {
    *("exec", "import", "open", "ctypes.dlopen", "pickle.find_class", "socket.__new__", "socket.connect"),
    *("os.exec", "os.fork", "os.posix_spawn", "os.system", "subprocess.Popen"),
}


class Escape(Exception):
    """A stranger's bytes have caused what they never may."""


def expression(data: bytes) -> None:
    """The parser and the checks of types, shapes and costs, on a text."""
    text = data.decode(errors="surrogateescape" if data[:1] == b"\xff" else "replace")
    with _refusals(), _watched():
        check(parse(text, TYPES.keys(), LIMITS), TYPES, LIMITS)


def request(data: bytes) -> None:
    """All that a worker does with a request's bytes before anything is computed."""
    with _refusals(), _watched():
        _, parsed = derivative_messages.parse_request(data, LIMITS)
        program = prepare(parsed.expression, types_of(parsed), differentiated_inputs(parsed), LIMITS)
        resolve_upstream(parsed.upstream, program.typed.output)


def stream_request(data: bytes) -> None:
    """What the front reads of a stream's message, and what a worker does with it."""
    with _watched():
        budget, name = envelope.budget(data), envelope.request_id(data)
    if not (budget is None or isinstance(budget, float)) or len(name) > 256:
        raise Escape(f"the front read a budget of {budget} and a name of {len(name)} characters")
    with _refusals(), _watched():
        derivative_messages.parse_request(data, LIMITS, stream=True)


TARGETS: Mapping[str, Target] = {"expression": expression, "request": request, "stream_request": stream_request}

_watching = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event in FORBIDDEN:
        raise Escape(f"{event}{arguments!r}")


sys.addaudithook(_hook)


@contextmanager
def _watched() -> Iterator[None]:
    global _watching
    _watching = True
    try:
        yield
    finally:
        _watching = False


@contextmanager
def _refusals() -> Iterator[None]:
    """Accepts a refusal, and checks that it has a reason of the table and fits in a status."""
    try:
        yield
    except Refusal as refused:
        size = len(errors.refusal(refused).status)
        if refused.reason.name not in REASONS or size > errors.DETAILS_BYTES:
            raise Escape(f"a refusal that cannot be sent: {refused.reason.name}, {size} bytes") from None
