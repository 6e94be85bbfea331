"""The command `pullback` against canned answers: what it prints, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import grpc
import numpy as np
import pullback
import pytest
from click.testing import CliRunner
from fake_service import FakeService, differing, exhausted, explained, refused, serving, status_of
from pullback.cli import main
from pullback.v1 import derivative_pb2 as pb

QUESTION = ("3*a**3 - b**2", "a=2,3", "b=6,4", "--upstream", "1,1")


@pytest.fixture
def service():
    return FakeService()


@pytest.fixture
def shell(service, monkeypatch):
    """Runs the command against the service; 80 columns, no colour."""
    monkeypatch.setenv("COLUMNS", "80")
    with serving(service) as target:
        yield lambda *words, stdin=None: CliRunner().invoke(main, [*words, "--target", target], input=stdin)


def test_the_table_says_value_gradient_formula_and_verdict(shell):
    done = shell("diff", *QUESTION)
    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "value [2, 3] float64" in lines
    assert "a gradient [2, 3]" in lines
    assert "b gradient [6, 4]" in lines
    assert "Jacobian 9*a[p]**2*delta(i, p)" in lines
    assert "VJP 9*a[p]**2*v[p]" in lines
    assert "verdict AGREE both legs agree at 2 of 2 entries" in lines
    assert lines[-1].startswith("on cpu; 30 ms (numeric 1, derive 20)")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout


def test_what_is_typed_is_what_is_asked(shell, service, tmp_path):
    np.save(tmp_path / "x.npy", np.ones(3, "float32"))
    done = shell(
        "diff", "-x**2 + w", f"x=@{tmp_path}/x.npy", "w=1", "n=int:0,2", "A=[[1,2],[3,4]]", "--wrt", "x", "--no-check"
    )  # fmt: skip
    assert done.exit_code == 0
    (request,) = service.received
    assert request.expression == "-x**2 + w"
    inputs = [(entry.name, entry.tensor.dtype, list(entry.tensor.shape)) for entry in request.inputs]
    assert inputs == [("x", 3, [3]), ("w", 4, []), ("n", 8, [2]), ("A", 4, [2, 2])]
    assert [entry.requires_grad for entry in request.inputs] == [True, False, False, False]
    assert not request.check


def test_a_constant_is_not_differentiated(shell, service):
    assert shell("diff", "a*b", "a=1", "b=2", "--constant", "b").exit_code == 0
    assert [entry.requires_grad for entry in service.received[0].inputs if entry.HasField("requires_grad")] == [False]
    assert shell("diff", "a*b", "a=1", "--constant", "c").exit_code == 2


def test_an_expression_comes_from_a_file_or_the_input(shell, service, tmp_path):
    (tmp_path / "expression").write_text("z = a\nz")
    assert shell("diff", "--file", str(tmp_path / "expression"), "a=1").exit_code == 0
    assert shell("diff", "--file", "-", "a=1", stdin="z = a\nz*2").exit_code == 0
    assert [request.expression for request in service.received] == ["z = a\nz", "z = a\nz*2"]


def test_json_has_the_names_of_the_reply(shell):
    done = shell("diff", *QUESTION, "--json")
    reply = json.loads(done.stdout)
    assert reply["gradients"] == {"a": [2.0, 3.0], "b": [6.0, 4.0]}
    assert reply["jacobians"]["a"]["entries"] == [["0", "1"], ["2", "3"]]
    assert reply["verdicts"]["a"]["outcome"] == "AGREE"
    assert reply["verdicts"]["a"]["worst"]["relative_error"] == "Infinity"
    assert reply["legs"]["a"]["symbolic"] == {"state": "DONE", "message": ""}
    assert reply["dtypes"]["gradients"]["a"] == "float64"
    assert reply["shapes"]["value"] == [2]
    assert reply["agree"] is True
    assert {"value", "vjps", "intermediates", "device", "timings", "versions", "form_origin"} <= set(reply)


def test_latex_is_printed_whole(shell):
    done = shell("diff", *QUESTION, "--latex")
    assert done.stdout.splitlines()[:5] == [
        "% a: AGREE: both legs agree at 2 of 2 entries",
        "% Jacobian",
        r"9 a_{p}^{2} \delta_{i p}",
        "% VJP",
        "9 a_{p}^{2} v_{p}",
    ]


def test_matrix_notation_comes_first(shell, service):
    service.answer = explained
    lines = [" ".join(line.split()) for line in shell("diff", *QUESTION).stdout.splitlines()]
    assert lines[lines.index("Jacobian diag(9*a**2)") + 1] == "9*a[p]**2*delta(i, p)"
    assert r"\operatorname{diag}(9 a^2)" in shell("diff", *QUESTION, "--latex").stdout.splitlines()


def test_the_derivation_is_printed_where_it_is_asked_for(shell, service):
    service.answer = explained
    done = shell("diff", *QUESTION, "--steps")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[-6:] == [
        "forward", "1 f[i] = 3*a[i]**3 entry by entry", "",
        "backward", "2 v_a[i] = 9*a[i]**2*v[i] the chain rule through f", "",
    ]  # fmt: skip
    assert pb.NOTATION_STEPS in service.received[0].notations.notations
    shell("diff", *QUESTION)
    assert pb.NOTATION_STEPS not in service.received[1].notations.notations


@pytest.mark.parametrize(("library", "text"), [("torch", "import torch\n"), ("numpy", "import numpy as np\n")])
def test_code_is_printed_alone_so_that_it_can_be_kept(shell, service, library, text):
    service.answer = explained
    assert shell("diff", *QUESTION, "--code", library).stdout == text
    assert list(service.received[0].notations.notations) == [pb.NOTATION_CODE]


def test_code_that_there_is_not_is_said_to_be_missing(shell):
    assert shell("diff", *QUESTION, "--code", "torch").stdout == "# There is no code for this expression in torch.\n"


def test_a_picture_is_drawn_from_unit_upstream_gradients(shell, service, tmp_path):
    service.answer = explained
    done = shell("diff", *QUESTION, "--plot", str(tmp_path / "jacobians.png"))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "jacobians.png").read_bytes().startswith(b"\x89PNG")
    first, *rows = service.received
    assert not first.closed_form_gradients
    units = sorted((np.frombuffer(row.upstream.data).tolist() for row in rows), reverse=True)
    assert units == [[1, 0], [0, 1]]
    assert all(row.closed_form_gradients and not row.check and not row.notations.notations for row in rows)


def test_a_picture_that_cannot_be_drawn_is_refused_before_anything_is_asked(shell, service, monkeypatch):
    monkeypatch.setattr("pullback.cli.plot.find_spec", lambda name: None)
    done = shell("diff", *QUESTION, "--plot", "x.png")
    assert done.exit_code == 1
    assert "pip install 'pullback[plot]'" in done.stderr
    assert not service.received


def test_a_picture_that_cannot_be_written_says_so(shell, service, tmp_path):
    service.answer = explained
    done = shell("diff", *QUESTION, "--plot", str(tmp_path / "no" / "x.png"))
    assert "cannot write" in done.stderr


def test_another_verdict_ends_with_1(shell, service):
    service.answer = differing
    done = shell("diff", *QUESTION)
    assert done.exit_code == 1
    printed = " ".join(done.stdout.split())
    assert "TORCH_DEVIATES autograd is not right" in printed
    assert "OVERFLOW it is too large line 1, column 9" in printed
    assert "at [1] autograd nan closed form 0.25 derivative 0.5 slopes 0.5 | inf" in printed
    assert "instead softplus(x)" in printed
    assert "derivative [0.5] by difference quotients" in printed
    assert shell("diff", *QUESTION, "--no-check").exit_code == 0


def test_a_refusal_points_at_the_place_and_ends_with_2(shell, service):
    service.answer = lambda request: refused()
    done = shell("diff", "x + sine(x)", "x=1")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: there is no operator `sine`",
        "  x + sine(x)",
        "      ^",
        "hint: did you mean sin?",
    ]


def test_a_refusal_in_json_is_on_standard_output(shell, service):
    service.answer = lambda request: refused(output_shape="2")
    done = shell("diff", "x + sine(x)", "x=1", "--json")
    assert done.exit_code == 2
    error = json.loads(done.stdout)["error"]
    assert (error["type"], error["code"], error["reason"]) == ("InvalidRequest", "INVALID_ARGUMENT", "UNKNOWN_OPERATOR")
    assert (error["line"], error["column"], error["output_shape"]) == (1, 5, [2])


def test_a_value_that_cannot_be_read_ends_with_2(shell, service):
    done = shell("diff", "x", "x=one")
    assert done.exit_code == 2
    assert "x: cannot read the value: 'one' is not a number" in done.stderr
    assert json.loads(shell("diff", "x", "x=one", "--json").stdout)["error"]["field"] == "x"
    assert service.calls == 0


@pytest.mark.parametrize(
    "words", [("diff",), ("diff", "x", "x=1", "--jsn"), ("differ",), ("diff", "x", "--timeout", "0")]
)
def test_wrong_usage_ends_with_2(shell, words):
    assert shell(*words).exit_code == 2


FAILED = status_of(grpc.StatusCode.INTERNAL, "the service failed")
LATE = status_of(grpc.StatusCode.DEADLINE_EXCEEDED, "the time was over")


@pytest.mark.parametrize("status", [exhausted(), FAILED, LATE])
def test_a_service_that_fails_ends_with_3(shell, service, status):
    service.answer = lambda request: status
    done = shell("diff", *QUESTION)
    assert done.exit_code == 3
    assert done.stderr == f"error: {status.message}\n"


def test_no_service_there_ends_with_3():
    done = CliRunner().invoke(main, ["diff", *QUESTION, "--target", "127.0.0.1:1"])
    assert done.exit_code == 3
    assert "is a service listening there?" in done.stderr


def test_the_operators_are_listed_by_family(shell):
    done = shell("operators")
    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines.index("elementwise") < lines.index("sin sin(x), x.sin() The sine of x.") < lines.index("reductions")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_one_operator_is_described(shell):
    assert "with respect to x cos(x[p])*delta(i, p)" in " ".join(shell("operators", "sin").stdout.split())
    assert "parameters x" in " ".join(shell("operators", "sin").stdout.split())
    assert json.loads(shell("operators", "sin", "--json").stdout)["operators"][0]["name"] == "sin"
    assert shell("operators", "sine").exit_code == 2


def test_the_version_is_quick_and_needs_no_server():
    program = "import atexit, sys; atexit.register(lambda: print(*sys.modules)); import pullback.cli as c; c.main()"
    done = subprocess.run([sys.executable, "-c", program, "--version"], capture_output=True, text=True, check=True)
    version, loaded = done.stdout.splitlines()
    assert version.startswith("pullback, version ")
    assert not {"torch", "sympy", "matplotlib", "pullback_server"} & set(loaded.split())


def test_a_server_that_is_not_installed_is_said_to_be(monkeypatch):
    monkeypatch.setitem(sys.modules, "pullback.cli.serve", None)
    done = CliRunner().invoke(main, ["serve", "--port", "0"])
    assert done.exit_code == 3
    assert "pip install 'pullback[server]'" in done.stderr
    assert CliRunner().invoke(main, ["--help"]).exit_code == 0


FAKE_SERVER = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from fake_service import FakeService, serving
with serving(FakeService()) as target:
    print("pullback listening on", target, flush=True)
    sys.stdin.read()
"""


def started_by(monkeypatch, program):
    """Make `local` start a program of ours, and remember its processes."""
    started, popen = [], subprocess.Popen

    def start(command, **options):
        started.append(popen([sys.executable, "-c", program], **options))
        return started[-1]

    monkeypatch.setattr("pullback.embedded.subprocess.Popen", start)
    return started


def test_a_server_of_ones_own_lives_as_long_as_the_block(monkeypatch):
    started = started_by(monkeypatch, FAKE_SERVER)
    with pullback.local() as client:
        assert client.differentiate("a", {"a": 1}).agree
        assert started[0].poll() is None
    assert started[0].returncode == 0


def test_the_shell_starts_a_server_where_it_is_told_of_none(monkeypatch):
    started = started_by(monkeypatch, FAKE_SERVER)
    assert CliRunner().invoke(main, ["diff", *QUESTION]).exit_code == 0
    assert started[0].returncode == 0


def test_a_server_that_does_not_start_says_why(monkeypatch):
    started_by(monkeypatch, "import sys; sys.exit('there is no module torch')")
    with pytest.raises(pullback.Unavailable, match="there is no module torch") as caught, pullback.local():
        pass
    assert caught.value.reason == "SERVER_NOT_STARTED"


def test_a_server_that_never_gets_ready_is_ended(monkeypatch):
    started = started_by(monkeypatch, "import sys; sys.stdin.read()")
    with pytest.raises(pullback.Unavailable), pullback.local(start_timeout=0.5):
        pass
    assert started[0].returncode is not None


def test_a_server_that_does_not_end_is_killed(monkeypatch):
    monkeypatch.setattr("pullback.embedded.END_TIMEOUT", 0.2)
    program = "import time; print('pullback listening on 127.0.0.1:1', flush=True); time.sleep(60)"
    started = started_by(monkeypatch, program)
    with pullback.local():
        pass
    assert started[0].returncode == -9
