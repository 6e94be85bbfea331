"""A stand-in for the mathematics: its expressions are orders, such as `late 5` or `kill`."""

import ctypes
import os
import signal
import socket
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from pullback_server import verdict
from pullback_server.numeric import DeviceExhausted, MemoryGuard
from pullback_server.operators import TABLE
from pullback_server.program import Reason, Refusal
from pullback_server.symbolic import Formula
from pullback_server.verdict import DerivativeKind, FormOrigin, LegState, Notation, WrittenDerivative

FORMULAS = {
    DerivativeKind.JACOBIAN: {Notation.TEXT: Formula("delta(i, p)"), Notation.LATEX: Formula(r"\delta_{ip}")},
    DerivativeKind.VJP: {Notation.TEXT: Formula("v[p]"), Notation.LATEX: Formula("v_p")},
}
WRITTEN, UNWRITTEN = WrittenDerivative(FORMULAS), WrittenDerivative({kind: {} for kind in DerivativeKind})
WORST, TOLERANCE = verdict.WorstEntry((0,), 1.0, 1.0, 0.0, 0.0), verdict.Tolerance(1e-12, 1e-9, "a test")
AGREE = verdict.Verdict(verdict.Outcome.AGREE, None, "they agree", 1, 0, WORST, TOLERANCE)
LATE = verdict.Verdict(verdict.Outcome.UNDECIDED, verdict.UndecidedReason.DEADLINE)


#: The orders that are known to take their time.
FORESEEN = {"sleep", "late", "late_kill", "admit"}


def describe(device, limits):
    return verdict.Description(TABLE, ("pi",), ("torch.",), limits.describe(), device, {"pullback": "0"})


class Differentiator:
    """Answers with each input as its own gradient and the first as the value; the device is the worker's pid."""

    def __init__(self, device, limits, forms, admit, take_time):
        self._forms, self._admit, self._take_time = forms, admit, take_time
        self._kept = []

    def warm_up(self):
        self._forms.get("warmth")
        _begun_file()
        if os.environ.get("DOUBLE_FAILS"):
            raise ValueError("no warmth")
        if os.environ.get("DOUBLE_DIES"):
            kill()
        if marker := os.environ.get("DOUBLE_DIES_WHILE"):
            while Path(marker).exists():
                kill()

    def respond(self, request):
        begin()
        order, *words = request.expression.split()
        value = None
        if order in FORESEEN:
            self._take_time()
        match order:
            case "echo":
                pass
            case "sleep" | "kill" | "kill_once":
                ACTS[order](*words)
            case "late" | "late_kill":
                yield provisional(request)
                ACTS["sleep" if order == "late" else "kill"](*words)
            case "form":
                yield from self._form(request, *words)
                return
            case "refuse":
                place = ("upstream", 2, 7)
                raise Refusal(Reason.UPSTREAM_SHAPE, "it does\x1b[31m not fit", *place, "a[3]", "a[2, 3]", (2, 3))
            case "refuse_at_length":
                raise Refusal(Reason.LIMIT_EXCEEDED, "é\n" * 5000, "x" * 5000, 1, 1, "語" * 5000, "\x00" * 5000)
            case "fail":
                raise ValueError("a secret of the inside")
            case "exhaust":
                raise DeviceExhausted
            case "memory":
                raise MemoryError
            case "admit":
                self._admit(int(words[0]), int(words[1]))
                time.sleep(float(words[2]))
            case "forbidden":
                value = forbidden(words[0])
            case "allocate":
                with MemoryGuard():
                    torch.ones(int(words[0]), dtype=torch.uint8)
            case "grow":
                self._kept.append(bytearray(b"\x01") * int(words[0]))
            case "spin":
                while True:
                    pass
            case "big":
                value = torch.arange(int(words[0]), dtype=torch.float64)
            case _:
                raise Refusal(Reason.UNKNOWN_NAME, f"there is no {order}")
        yield answer(request, value=value)

    def _form(self, request, key, seconds):
        try:
            if self._forms.get(key) is not None:
                yield answer(request, origin=FormOrigin.SERVICE)
                return
        except verdict.FormOverBudget:
            yield answer(request, LegState.DEADLINE)
            return
        yield provisional(request)
        time.sleep(float(seconds))
        self._forms.put(key, key.encode() * 100)
        yield answer(request, origin=FormOrigin.DERIVED)


def begin():
    """Tells the harness that an order is begun, by one byte more in its file."""
    os.write(_begun_file(), b".")


@cache
def _begun_file():
    return os.open(os.environ.get("DOUBLE_BEGUN", os.devnull), os.O_WRONLY | os.O_APPEND)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def kill_once(marker):
    if not Path(marker).exists():
        Path(marker).touch()
        kill()


#: What both doubles may be ordered to do before they answer.
ACTS = {"sleep": lambda seconds: time.sleep(float(seconds)), "kill": kill, "kill_once": kill_once}


def forbidden(name):
    """The errno that a worker gets when it tries what it must not do; 0 where it can."""
    attempts = {
        "socket": socket.socket,
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "fork": os.fork,
        "kill": lambda: os.kill(os.getppid(), 0),
        "namespace": unshare,
        "files": lambda: [os.open("/dev/null", os.O_RDONLY) for _ in range(5000)],
    }
    number = 0
    try:
        attempts[name]()
    except OSError as problem:
        number = problem.errno
    return torch.tensor([number], dtype=torch.float64)


def unshare():
    if ctypes.CDLL(None, use_errno=True).unshare(0x40000000):
        raise OSError(ctypes.get_errno(), "unshare")


def answer(request, state=LegState.DONE, value=None, origin=None):
    value = request.inputs[0].tensor if value is None else value
    done = state is LegState.DONE
    written = WRITTEN if done else UNWRITTEN
    legs = verdict.Leg(LegState.DONE), verdict.Leg(state, "" if done else "its time was over")
    derivatives = (
        verdict.Derivative(operand.name, operand.tensor, written, *legs, AGREE if done else LATE)
        for operand in request.inputs
    )
    return verdict.Response(value, tuple(derivatives), (), str(os.getpid()), origin)


def provisional(request):
    """The numbers, which a better answer follows."""
    return replace(answer(request, LegState.DEADLINE), provisional=True)
