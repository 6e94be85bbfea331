"""Verdicts over a real socket, from Python and from the shell: who is right, why, and what to write instead."""

import json

import numpy as np
from case_files import read
from command_line import shell
from pullback import Cause, Outcome

#: From the best to the worst.
ORDER = [
    Outcome.AGREE,
    Outcome.PRECISION_LIMITED,
    Outcome.UNDECIDED,
    Outcome.NOT_DIFFERENTIABLE,
    Outcome.SYMPY_DEVIATES,
    Outcome.TORCH_DEVIATES,
    Outcome.BOTH_DEVIATE,
    Outcome.UNDEFINED,
]


def test_the_traps_have_the_right_outcome(client):
    wrong = []
    for case in read("traps"):
        first = next(iter(case["inputs"].values()))
        reply = client.differentiate(case["expression"], case["inputs"], np.ones(shape_of(case)))
        worst = max((v.outcome for v in reply.verdicts.values()), key=ORDER.index)
        if worst.name not in case["verdict"].split("|"):
            wrong.append(f"{case['expression']} at {first}: {worst.name}")
    assert not wrong


def shape_of(case):
    """The output's shape: that of the inputs broadcast, or none where it is one number."""
    scalars = ("log(sum", "det(", "norm(", "prod(")
    if case["expression"].startswith(scalars):
        return ()
    return np.broadcast_shapes(*(np.shape(v) for v in case["inputs"].values()))


def test_autograds_gradient_stays_and_the_right_one_stands_beside_it(client):
    reply = client.differentiate("log(1 + exp(x))", {"x": [1000.0, 0.0]}, [1.0, 1.0])
    verdict = reply.verdicts["x"]
    assert np.isnan(reply.gradients["x"][0])
    np.testing.assert_array_equal(verdict.derivative, [1.0, 0.5])
    assert "digits" in verdict.derivative_source
    (finding,) = verdict.findings
    assert (finding.outcome, finding.count) == (Outcome.TORCH_DEVIATES, 1)
    assert (finding.diagnosis.cause, finding.diagnosis.column) == (Cause.OVERFLOW, 9)
    again = client.differentiate(finding.diagnosis.remedy, {"x": [1000.0, 0.0]}, [1.0, 1.0])
    assert again.agree
    np.testing.assert_array_equal(again.gradients["x"], verdict.derivative)


def test_a_kink_has_its_slopes_and_subgradients(client):
    (finding,) = client.differentiate("sum(abs(x)*2)", {"x": [0.0, 3.0]}).verdicts["x"].findings
    (entry,) = finding.examined
    assert (entry.index, entry.left.value, entry.right.value, entry.subgradient) == ((0,), -2.0, 2.0, (-2.0, 2.0))
    assert finding.diagnosis.cause is Cause.TIE


def test_the_upstream_gradient_is_part_of_what_is_judged(client):
    verdict = client.differentiate("abs(x)", {"x": [0.0, 0.0]}, [3.0, 0.0]).verdicts["x"]
    (finding,) = verdict.findings
    assert [(e.index, e.right.value) for e in finding.examined] == [((0,), 3.0)]
    assert verdict.examined == 2


def test_the_shell_shows_why_in_words_in_json_and_in_a_picture(client, tmp_path):
    target, picture = ("--target", client.target), tmp_path / "around.png"
    done = shell("diff", "log(1 + exp(x)) + abs(y)", "x=1000", "y=0", "--plot", str(picture), *target)
    output = " ".join(done.stdout.split())
    assert done.returncode == 1
    assert "TORCH_DEVIATES The closed form is right and autograd is not at the only entry." in output
    assert "OVERFLOW `exp(x)` is out of the range of its dtype" in output
    assert "instead softplus(x) + abs(y)" in output
    assert "slopes -1 | 1 subgradients [-1, 1]" in output
    assert picture.read_bytes().startswith(b"\x89PNG")
    done = shell("diff", "log(1 + exp(x))", "x=1000", "--json", *target)
    verdict = json.loads(done.stdout)["verdicts"]["x"]
    assert (verdict["outcome"], verdict["derivative"]) == ("TORCH_DEVIATES", 1.0)
    assert verdict["findings"][0]["diagnosis"]["cause"] == "OVERFLOW"
    assert verdict["findings"][0]["examined"][0]["autograd"] == "NaN"
