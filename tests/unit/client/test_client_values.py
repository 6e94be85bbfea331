"""What the client offers, how its values print, and how the bookkeeping of a stream decides."""

from __future__ import annotations

import ast
import doctest
import itertools
import pickle
import pkgutil
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from unittest.mock import Mock

import grpc
import ml_dtypes
import numpy as np
import pullback
import pytest
from pullback import Outcome, Request
from pullback.errors import from_status
from pullback.v1 import derivative_pb2 as pb
from pullback.v1 import verdict_pb2
from pullback.values.formulas import ClosedForm
from pullback.values.reply import FormOrigin, Leg, Legs, LegState, Reply, Timings, array_text
from pullback.values.verdict import ExaminedEntry, Finding, Slope, SlopeKind, Verdict
from pullback.wire.channel import ATTEMPTS, pause_before
from pullback.wire.exchanges import DIFFERENTIATE
from pullback.wire.stream import FEW, LIGHT, MANY, Broken, Exhausted, Ledger, Received, Requested


@pytest.fixture
def reply():
    return Reply(
        id="",
        value=np.array([-12.0, 65.0]),
        gradients={"a": np.array([36.0, 81.0])},
        jacobians={"a": ClosedForm("9*a[p]**2*delta(i, p)", r"9 a_{p}^{2} \delta_{i p}")},
        vjps={"a": ClosedForm("9*a[p]**2*v[p]\nwhere\n  s = 1", "9 a_{p}^{2} v_{p}")},
        verdicts={"a": Verdict(Outcome.AGREE, message="both legs agree at 2 of 2 entries")},
        legs={"a": Legs(Leg(LegState.DONE), Leg(LegState.DONE))},
        intermediates={"z": np.array(3.0)},
        device="cpu",
        form_origin=FormOrigin.DERIVED,
        timings=Timings(numeric=0.001, total=0.002),
        versions={"torch": "2.13"},
    )


def test_what_is_offered_is_sorted_and_there():
    assert pullback.__all__ == sorted(pullback.__all__)
    assert all(hasattr(pullback, name) for name in pullback.__all__)


def test_what_is_offered_is_what_type_checkers_see():
    tree = ast.parse(Path(pullback.__file__).read_text())
    checked, *_ = (node.body for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name: node.module for node in checked for alias in node.names}
    assert sorted(seen) == pullback.__all__
    for name, module in seen.items():
        assert getattr(pullback, name) is getattr(import_module(f"pullback.{module}"), name)
    assert set(pullback.__all__) <= set(dir(pullback))
    with pytest.raises(AttributeError, match="differentiate"):
        pullback.differentiate  # noqa: B018


def test_importing_the_client_alone_loads_no_library():
    heavy = {"asyncio", "google.protobuf", "grpc", "ml_dtypes", "numpy"}
    check = f"import sys, pullback; print({heavy} & set(sys.modules)); print(pullback.errors.__name__)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["set()", "pullback.errors"]


def test_importing_the_client_loads_neither_torch_nor_sympy_nor_the_server():
    check = "import sys, pullback, pullback.cli; print({'torch', 'sympy', 'pullback_server'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


KINDS = [pullback.LegState, pullback.FormOrigin, pullback.StepKind]
VERDICT_KINDS = [pullback.Outcome, pullback.Cause, pullback.SlopeKind]


@pytest.mark.parametrize("kind", [*KINDS, *VERDICT_KINDS])
def test_enums_have_the_names_of_the_contract(kind):
    contract = getattr(verdict_pb2 if kind in VERDICT_KINDS else pb, kind.__name__)
    prefix = contract.Name(0).removesuffix("UNSPECIFIED")
    assert {prefix + member.name for member in kind} == set(contract.keys())


@pytest.mark.parametrize(
    "module", ["pullback", *(f"pullback.{m.name}" for m in pkgutil.iter_modules(pullback.__path__) if m.name != "v1")]
)
def test_the_examples_in_the_docstrings_hold(module):
    assert doctest.testmod(import_module(module), extraglobs={"np": np}).failed == 0


def test_a_reply_reads_as_text(reply):
    assert str(reply).splitlines() == [
        "value  [-12, 65]",
        "z = 3",
        "a",
        "  gradient  [36, 81]",
        "  Jacobian  9*a[p]**2*delta(i, p)",
        "  VJP       9*a[p]**2*v[p]",
        "            where",
        "              s = 1",
        "  verdict   AGREE: both legs agree at 2 of 2 entries",
    ]


def test_a_reply_shows_formulas_in_a_notebook(reply):
    assert reply._repr_latex_() == r"$$\frac{\partial f}{\partial a} = 9 a_{p}^{2} \delta_{i p}$$"
    assert reply.vjps["a"]._repr_latex_() == r"$\displaystyle 9 a_{p}^{2} v_{p}$"
    assert ClosedForm(text="x")._repr_latex_() is None


def test_a_reply_agrees_when_every_verdict_does(reply):
    assert reply.agree
    assert not replace(reply, verdicts={"a": Verdict(Outcome.AGREE), "b": Verdict(Outcome.TORCH_DEVIATES)}).agree


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.array(7.0), "7"),
        (np.array([0.1], dtype="float32"), "[0.1]"),
        (np.array([1.5, np.nan], dtype=ml_dtypes.bfloat16), "[1.5, nan]"),
        (np.array([True, False]), "[ True, False]"),
        (np.zeros((0, 3)), "empty, shape (0, 3)"),
    ],
)
def test_arrays_print_briefly(array, text):
    assert array_text(array) == text


def test_large_arrays_print_their_corners():
    assert len(array_text(np.ones((1000, 1000)))) < 400


@pytest.mark.parametrize(
    "error",
    [
        pullback.InvalidRequest("no", field="expression", line=1, column=2, output_shape=(2,)),
        pullback.ResourceExhausted("no", retry_after=1.0),
        pullback.InternalError("no", code=grpc.StatusCode.DATA_LOSS, reason="BAD_REPLY"),
    ],
)
def test_errors_pass_between_processes(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert vars(again) == vars(error)


def test_details_of_another_domain_are_not_ours():
    from google.protobuf.any_pb2 import Any
    from google.rpc.error_details_pb2 import ErrorInfo
    from google.rpc.status_pb2 import Status

    packed = Any()
    packed.Pack(ErrorInfo(reason="QUOTA", domain="proxy.example"))
    error = from_status(Status(code=14, message="no", details=[packed]))
    assert isinstance(error, pullback.Unavailable)
    assert error.reason == ""


@pytest.fixture
def clock():
    """A clock that stands still until it is set."""
    return Mock(return_value=100.0)


@pytest.fixture
def ledger(clock):
    return Ledger(DIFFERENTIATE, clock)


def asked(identity, **options):
    return Requested(Request("x", {"x": 1.0}, id=identity, **options))


def answered(identity):
    status = {"code": 13, "message": "no"}
    return Received(pb.DifferentiateManyResponse(id=identity, status=status))


def test_a_stream_is_opened_with_the_first_request(ledger):
    assert ledger.on(asked("a")).pause == 0.0
    assert ledger.on(asked("b")).pause is None


def test_an_answer_that_comes_twice_is_given_once(ledger):
    ledger.on(asked("a"))
    assert len(ledger.on(answered("a")).answers) == 1
    assert ledger.on(answered("a")).answers == ()


def test_the_pause_grows_until_something_is_answered(ledger):
    ledger.on(asked("a"))
    assert [ledger.on(Broken()).pause for _ in range(2)] == [pause_before(1), pause_before(2)]
    ledger.on(asked("b"))
    ledger.on(answered("a"))
    assert ledger.on(Broken()).pause == pause_before(1)


def test_what_was_sent_often_enough_is_given_up(ledger):
    ledger.on(asked("a"))
    reactions = [ledger.on(Broken()) for _ in range(ATTEMPTS)]
    assert [len(reaction.messages) for reaction in reactions] == [1] * (ATTEMPTS - 1) + [0]
    assert isinstance(reactions[-1].answers[0].error, pullback.Unavailable)


def test_a_request_sent_again_has_what_is_left_of_its_budget(ledger, clock):
    ledger.on(asked("a", timeout=10))
    clock.return_value += 4
    assert ledger.on(Broken()).messages[0].budget.ToNanoseconds() == 6_000_000_000


def test_an_overdue_request_is_given_up_and_its_late_answer_ignored(ledger, clock):
    ledger.on(asked("a", timeout=10))
    assert ledger.patience == 11
    clock.return_value += 11
    assert isinstance(ledger.on(None).answers[0].error, pullback.DeadlineExceeded)
    assert ledger.on(asked("a")).answers[0].error.reason == "DUPLICATE_ID"
    assert ledger.on(answered("a")).answers == ()
    assert ledger.on(asked("a")).answers == ()


def test_patience_never_ends_after_the_first_deadline(ledger, clock):
    ledger.on(asked("a", timeout=10))
    ledger.on(asked("b", timeout=20))
    ledger.on(answered("a"))
    assert ledger.patience <= 21
    clock.return_value += 11
    assert ledger.on(None).answers == ()
    assert ledger.patience == 10
    ledger.on(answered("b"))
    ledger.on(None)
    assert ledger.patience is None


def test_there_is_room_for_more_with_each_answer_while_requests_are_small(ledger):
    names = (str(number) for number in itertools.count())
    under_way = []
    for answers in range(100):
        fresh = [next(names) for _ in range(ledger.room())]
        under_way += fresh
        for name in fresh:
            ledger.on(asked(name))
        assert len(under_way) == min(FEW + answers, MANY)
        ledger.on(answered(under_way.pop(0)))


def test_there_is_room_for_few_large_requests(ledger):
    assert ledger.room() == FEW
    for name in range(FEW):
        ledger.on(asked(str(name)))
    for name in range(2):
        ledger.on(answered(str(name)))
    assert ledger.room() == 4
    ledger.on(Requested(Request("x", {"x": np.zeros(LIGHT)}, id="large")))
    ledger.on(answered("2"))
    assert ledger.room() == 0


def test_there_is_room_for_as_many_as_the_caller_says(clock):
    ledger = Ledger(DIFFERENTIATE, clock, in_flight=40)
    assert [ledger.room(), ledger.room()] == [40, 0]
    ledger.on(asked("a"))
    assert ledger.room() == 0
    ledger.on(answered("a"))
    assert ledger.room() == 1


def test_a_request_behind_others_has_its_timeout_again_for_every_few(ledger):
    messages = [ledger.on(asked(str(number), timeout=10)).messages[0] for number in range(2 * FEW + 1)]
    assert [messages[k].budget.seconds for k in (0, FEW - 1, FEW, 2 * FEW)] == [10, 10, 20, 30]


def test_it_is_finished_when_nothing_is_left(ledger):
    ledger.on(asked("a"))
    ledger.on(Exhausted())
    assert not ledger.finished
    ledger.on(answered("a"))
    assert ledger.finished


def test_a_verdict_says_the_first_cause_that_is_known():
    findings = (
        Finding(Outcome.UNDEFINED, 1),
        Finding(Outcome.TORCH_DEVIATES, 1, (), pullback.Diagnosis(pullback.Cause.TIE, "So.")),
    )
    assert str(Verdict(Outcome.UNDEFINED, message="No value.", findings=findings)) == "UNDEFINED: No value. So."
    assert str(Verdict(Outcome.AGREE)) == "AGREE"


def test_an_examined_entry_says_its_derivative_or_else_its_slopes():
    left, right = Slope(SlopeKind.FINITE, -1.0), Slope(SlopeKind.UNDEFINED, float("nan"))
    smooth = ExaminedEntry((2,), Outcome.TORCH_DEVIATES, 0.0, 1.0, 1.0, 1.0, 0.0, left, left)
    assert str(smooth) == "[2]: autograd 0, closed form 1, derivative 1"
    kinked = replace(smooth, outcome=Outcome.NOT_DIFFERENTIABLE, derivative=float("nan"), right=right)
    assert str(kinked) == "[2]: autograd 0, closed form 1, slopes -1 and undefined"
    assert kinked.subgradient is None
    assert smooth.subgradient is None
