"""One gradient with its text, from nothing, beside tensorgrad, which derives tensor expressions symbolically too.

What is compared is the whole reply of a process that has never met the expression: parsing, autograd's numbers, the
closed form, the verdict, and the formula in matrix notation. tensorgrad builds the same expression, differentiates it,
simplifies it with `full_simplify()`, as its README does, and writes it with `to_index`; it computes no number. Of its
texts that is the cheapest that says everything: `to_latex` has placeholders for what is nested, and `to_index_free` and
`to_tikz` take longer, but none of them a tenth of the time. The notes have what one pass of `simplify()` takes instead,
which leaves products of sums as they are.

Both count the seconds of the processor, each in its own process, with sympy's cache emptied before.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import torch
from pullback_server.symbolic import DerivativeKind, Notation
from pullback_server.verdict import Differentiator, Operand, Outcome, Request
from sympy.core.cache import clear_cache

from . import tensorgrad_process
from .bounds import GRADIENT_TEXT, GRADIENT_TEXT_SHORT, Bound
from .pairs import Effort, Finding, absolute, as_in_a_worker, by_round, interleave, p50, ratio
from .report import amount
from .servers import Servers

REQUIREMENT = "tensorgrad>=0.3,<0.4"
#: Seconds in which it must be installed.
INSTALL_TIMEOUT = 120.0
#: How far off tensorgrad's gradient may be, relative to the largest entry, and still be right.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Case:
    """A scalar, which `tensorgrad_process` has under the same name, differentiated with respect to one input."""

    name: str
    text: str
    shapes: Mapping[str, tuple[int, ...]]
    wrt: str
    bound: Bound = GRADIENT_TEXT
    #: Whether A is drawn positive definite.
    definite: bool = False

    def request(self) -> Request:
        """The request for matrix notation alone."""
        random = torch.Generator().manual_seed(0)
        inputs = {name: torch.randn(n, dtype=torch.float64, generator=random) for name, n in self.shapes.items()}
        if self.definite:
            inputs["A"] = inputs["A"] @ inputs["A"].T + torch.eye(len(inputs["A"]), dtype=torch.float64)
        operands = tuple(Operand(name, tensor, name == self.wrt) for name, tensor in inputs.items())
        return Request(self.text, operands, notations=frozenset({Notation.MATRIX}))


_LAYERS = {"X": (3, 4), "W1": (4, 5), "W2": (5, 2), "W3": (2, 6), "Y": (3, 6)}
CASES = (
    Case("least squares", "sum((X @ w - y)**2)", {"X": (3, 4), "w": (4,), "y": (3,)}, "w"),
    Case("cross-entropy", "-mean(sum(t*log_softmax(z, dim=-1), dim=-1))", {"t": (3, 4), "z": (3, 4)}, "z"),
    Case("attention", "sum((softmax(Q @ K.T / 2, dim=-1) @ V - Y)**2)",
         {"Q": (3, 4), "K": (5, 4), "V": (5, 2), "Y": (3, 2)}, "Q"),
    Case("three layers", "sum((tanh(tanh(X @ W1) @ W2) @ W3 - Y)**2)", _LAYERS, "W1"),
    Case("log det", "logdet(A)", {"A": (3, 3)}, "A", definite=True),
    Case("x'Ax", "x @ A @ x", {"A": (3, 3), "x": (3,)}, "x", GRADIENT_TEXT_SHORT),
)  # fmt: skip


class Unavailable(Exception):
    """tensorgrad can be installed or started in no environment here; the message says why."""


def tensorgrad(_: Servers, effort: Effort) -> Iterator[Finding]:
    """Six expressions; without a network only how long this side takes."""
    with as_in_a_worker(), ExitStack() as stack:
        try:
            process, fault = stack.enter_context(_running()), ""
        except Unavailable as reason:
            process, fault = None, str(reason)
        for case in CASES:
            yield _finding(case, process, fault, effort)


class Process:
    """tensorgrad in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Raises Unavailable where the process ends before it says which version it has."""
        self._process = process
        self.name = f"tensorgrad {self._answer()['version']}"

    def seconds(self, name: str, simplify: str) -> float:
        """How long a gradient and its text take it."""
        return float(self._ask(name=name, simplify=simplify)["seconds"])

    def error(self, case: Case, gradient: torch.Tensor) -> float:
        """How far its gradient is from this one."""
        inputs = {operand.name: operand.tensor.tolist() for operand in case.request().inputs}
        return float(self._ask(name=case.name, inputs=inputs, gradient=gradient.tolist())["error"])

    def _ask(self, **question: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Unavailable("tensorgrad does not run here")
        return dict(json.loads(line))


def _finding(case: Case, process: Process | None, fault: str, effort: Effort) -> Finding:
    request, spent = case.request(), 0.0

    def candidate() -> torch.Tensor:
        nonlocal spent
        clear_cache()
        start = process_time()
        *_, last = Differentiator("cpu").respond(request)
        spent += process_time() - start
        (derivative,) = last.derivatives
        assert derivative.verdict.outcome is Outcome.AGREE
        assert derivative.formula(DerivativeKind.VJP, Notation.MATRIX)
        return derivative.gradient

    def baseline(simplify: str = "full_simplify") -> None:
        nonlocal spent
        assert process is not None
        spent += process.seconds(case.name, simplify)

    if process is not None and (error := process.error(case, candidate())) > TOLERANCE:
        fault = f"tensorgrad's gradient is off by {error:.1g}"
    contenders = (candidate,) if fault else (candidate, baseline, lambda: baseline("simplify"))
    # The clock shows the seconds that each side has counted itself, so that neither waits for a pipe.
    times = interleave(
        *contenders, rounds=4 * effort.rounds, patience=effort.patience / 2, warm_up=1, clock=lambda: spent
    )
    measured = by_round(times)
    if process is None or fault:
        return absolute(case.name, measured[0], note=f"no comparison: {fault}")
    note = f"by one pass of its simplify() {amount(p50(measured[2]), 's')}"
    return ratio(case.name, process.name, measured[0], measured[1], case.bound, note=note)


@contextmanager
def _running() -> Iterator[Process]:
    with TemporaryDirectory() as folder:
        # By its path and with -P, so that `tensorgrad` is the package and not the file of that name beside it.
        command = (str(_environment(Path(folder))), "-P", str(tensorgrad_process.__file__))
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            # Leaving the block closes its stdin, at which it ends.
            yield Process(process)


def _environment(folder: Path) -> Path:
    """The interpreter of a new environment with tensorgrad, which sees torch and all else that this one has."""
    venv.create(folder)
    python, paths = folder / "bin" / "python", sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    running = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    Path(paths["purelib"], "running.pth").write_text("\n".join(running))
    install = (sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile",
               "--disable-pip-version-check", "--retries", "0", REQUIREMENT)  # fmt: skip
    try:
        subprocess.run(install, check=True, capture_output=True, text=True, timeout=INSTALL_TIMEOUT)
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().splitlines()[-1].removeprefix("ERROR: ")
        raise Unavailable(f"pip cannot install tensorgrad: {reason}") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"pip did not install tensorgrad in {INSTALL_TIMEOUT:.0f} s") from error
    return python
