"""The examples of deploy/grading, run as their pipelines run them, on the real service."""

import doctest
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pullback
import pytest
from pullback import DerivativeReward, GradeOutcome
from pullback.reward import final_answer
from pullback.values.grading import Grade, Graded

from tests.result_schemas import GRADESCOPE, PRAIRIELEARN

EXAMPLES = Path(__file__).parents[2] / "deploy" / "grading"


@pytest.fixture
def shell(client, tmp_path):
    """Runs a script with the commands `pullback` and `python3` of this environment."""
    commands = tmp_path / "commands"
    commands.mkdir()
    for name, words in {"pullback": "-m pullback.cli", "python3": ""}.items():
        (commands / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        (commands / name).chmod(0o755)
    path = f"{commands}:{os.environ['PATH']}"

    def run(script, **environment):
        variables = {**os.environ, "PATH": path, "PULLBACK_TARGET": client.target, **environment}
        done = subprocess.run([script], env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.fixture
def module(client, monkeypatch):
    """An example's module, with the service that is there."""
    monkeypatch.setenv("PULLBACK_TARGET", client.target)
    loaded = []

    def load(path):
        monkeypatch.syspath_prepend(str(path.parent))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        example = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, path.stem, example)
        spec.loader.exec_module(example)
        loaded.append(example)
        return example

    yield load
    for example in loaded:
        if hasattr(example, "_client"):
            if example._client.cache_info().currsize:
                example._client().close()
            example._client.cache_clear()


def test_gradescope_grades_what_a_student_uploads(shell, tmp_path):
    shutil.copytree(EXAMPLES / "gradescope", tmp_path / "source")
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / "answers.txt").write_text("q1: 3x^2\nq2: 2x cos(x)\nno answer here\n")
    shell(tmp_path / "source" / "run_autograder", AUTOGRADER_HOME=str(tmp_path))
    results = json.loads((tmp_path / "results" / "results.json").read_text())
    jsonschema.validate(results, GRADESCOPE)
    assert [(test["name"], test["status"], test["score"]) for test in results["tests"]] == [
        ("q1", "passed", 2.0),
        ("q2", "failed", 0.0),
        ("q3", "failed", 0.0),
    ]
    assert "PRODUCT_RULE" in results["tests"][1]["tags"]
    assert "NOT_AN_ANSWER" in results["tests"][2]["tags"]


@pytest.mark.parametrize(
    ("answers", "gradable", "score"),
    [
        ({"f": "cos(3x)", "g": "2x sin(x) + x^2 cos(x)"}, True, 0.5),
        ({"f": "3cos(3x)"}, False, None),
    ],
)
def test_prairielearn_grades_a_submission_and_takes_no_attempt_for_what_it_cannot_read(
    shell, tmp_path, answers, gradable, score
):
    shutil.copytree(EXAMPLES / "prairielearn" / "tests", tmp_path / "tests")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "data.json").write_text(json.dumps({"submitted_answers": answers}))
    shell(tmp_path / "tests" / "grade.sh", GRADE_HOME=str(tmp_path))
    results = json.loads((tmp_path / "results" / "results.json").read_text())
    jsonschema.validate(results, PRAIRIELEARN)
    assert (results["gradable"], results.get("score")) == (gradable, score)


def test_prairielearns_question_names_what_is_there():
    info = json.loads((EXAMPLES / "prairielearn" / "info.json").read_text())
    script = EXAMPLES / "prairielearn" / Path(info["externalGradingOptions"]["entrypoint"]).relative_to("/grade")
    assert os.access(script, os.X_OK)
    names = [json.loads(line)["id"] for line in (script.parent / "problems.jsonl").read_text().splitlines()]
    page = (EXAMPLES / "prairielearn" / "question.html").read_text()
    assert all(f'answers-name="{name}"' in page for name in names)


def cells(path):
    """The last cell of a script in cells, split before its last expression."""
    *_, cell = path.read_text().split("# %%\n")
    *before, last = cell.strip().splitlines()
    return "\n".join(before), last.partition("#")[0]


def test_the_nbgrader_cell_gives_points_or_says_what_is_wrong(module):
    module(EXAMPLES / "notebook" / "derivatives.py")
    before, last = cells(EXAMPLES / "notebook" / "nbgrader_cell.py")
    for answer in ("3 cos(3x)", r"$3\cos(3x)$"):
        scope = {"answer": answer}
        exec(before, scope)
        assert eval(last, scope) == 2.0
    scope["answer"] = "cos(3x)"
    with pytest.raises(AssertionError, match="inner derivative"):
        eval(last, scope)


def test_the_otter_test_passes_for_the_right_answer_only(module):
    module(EXAMPLES / "notebook" / "derivatives.py")
    test = module(EXAMPLES / "notebook" / "q1.py").test
    (case,) = test["suites"][0]["cases"]

    def failures(answer):
        runner = doctest.DocTestRunner(verbose=False)
        parsed = doctest.DocTestParser().get_doctest(case["code"], {"answer": answer}, test["name"], None, None)
        return runner.run(parsed, out=lambda text: None).failed

    assert failures("3 cos(3x)") == 0
    assert failures("cos(3x)") == 1


def test_what_needs_a_person_says_so(module, monkeypatch):
    derivatives = module(EXAMPLES / "notebook" / "derivatives.py")
    undecided = Grade(GradeOutcome.UNDECIDED, 0.0, reason="it took too long")
    monkeypatch.setattr(pullback.Client, "grade", lambda *_: undecided)
    with pytest.raises(derivatives.NeedsAPerson, match="took too long"):
        derivatives.score("q1", "3 cos(3x)")


def test_a_policy_learns_to_differentiate(module, client, capsys):
    train = module(EXAMPLES / "reward" / "train.py")
    assert train.train(client) == [r"3\cos 3x", r"(x^2 + 2x) e^x", r"\frac{1}{x}"]
    assert "step 20" in capsys.readouterr().out


def test_a_batch_of_completions_has_a_reward_each(client):
    reward = DerivativeReward(client, incorrect=-1.0, unreadable=-2.0)
    completions = [
        r"So $\boxed{2x}$",
        r"\boxed{x}",
        r"\boxed{\frac{d}{dx} x^2}",
        [{"role": "assistant", "content": "The power rule.\nAnswer: 2x"}],
        "",
    ]
    rewards = reward(
        completions,
        expression=["x**2"] * 5,
        inputs=['{"x": {"domain": [-2, 2]}}', {"x": {"domain": [-2, 2], "shape": None}, "y": None}, *[{"x": {}}] * 3],
        prompts=["unused"] * 5,
    )
    assert rewards == [1.0, -1.0, -2.0, 1.0, -2.0]
    assert reward([], expression=[], inputs=[]) == []
    with pytest.raises(pullback.InvalidRequest):
        reward(completions, expression=["x**2"])


def test_what_is_undecided_or_failed_is_masked(client, monkeypatch):
    graded = [
        Graded("1", 1, Grade(GradeOutcome.UNDECIDED, 0.0)),
        Graded("0", 0, Grade(GradeOutcome.INCORRECT, 0.5)),
        Graded("2", 2, error=pullback.InternalError("the service failed")),
    ]
    monkeypatch.setattr(pullback.Client, "grade_many", lambda *_, **__: iter(graded))
    assert DerivativeReward(client)([""] * 3, expression=[""] * 3, inputs=[{}] * 3) == [0.5, None, None]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{1} and \boxed{\frac{\{1\}}{x}}", r"\frac{\{1\}}{x}"),
        (r"\boxed{1} and \boxed{\frac{1}{x}", "1"),
        ("final answer: $2x$.\nThanks", "2x"),
        ("Answer: wrong\nFinal answer:\n\n 3 \n", "3"),
        ("It is clear.\n$$2x$$\n\n", "2x"),
        ("", ""),
        ("   \n", ""),
    ],
)
def test_the_final_answer_of_a_completion(text, answer):
    assert final_answer(text) == answer
