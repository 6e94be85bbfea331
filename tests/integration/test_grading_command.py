"""`pullback grade` and `pullback replay` over a real socket: what they print, write and survive."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from pullback.cli import main
from service_harness import free_ports, running
from waiting import PATIENCE, eventually

TEXTS = ("right", "wrong SIGN", "unreadable", "undecided")
OUTCOMES = ("CORRECT", "INCORRECT", "NOT_AN_ANSWER", "UNDECIDED")


@pytest.fixture(scope="module")
def target(doubles):
    return f"127.0.0.1:{doubles.port}"


@pytest.fixture
def grade(target, tmp_path, monkeypatch):
    """Runs the command on lines in an 80-column terminal without colour; gives its result and what it wrote."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*options, lines=None, name="answers.jsonl", out="grades.jsonl"):
        if lines is not None:
            (tmp_path / name).write_text("".join(line + "\n" for line in lines))
        words = ("grade", str(tmp_path / name), "--out", str(tmp_path / out), "--target", target, *options)
        done = CliRunner().invoke(main, words)
        return done, rows(tmp_path / out)

    return run


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.suffix == ".jsonl" else []


def line(text, name, expression="x**2", **fields):
    values = {"id": name, "expression": expression, "inputs": {"x": {"domain": [-2, 2]}}, "wrt": "x", "answer": text}
    return json.dumps(values | fields)


def numbered(count):
    return [line(TEXTS[number % 4], f"s{number}") for number in range(count)]


def test_every_line_has_a_row_in_order_and_the_summary_counts_them(grade, tmp_path):
    done, results = grade(lines=numbered(100))
    assert done.exit_code == 0, done.output
    assert [row["id"] for row in results] == [f"s{number}" for number in range(100)]
    assert [row["outcome"] for row in results] == [OUTCOMES[number % 4] for number in range(100)]
    assert [row["score"] for row in results[:4]] == [1.0, 0.0, 0.0, None]
    assert results[1]["evidence"]["counterexample"]["inputs"] == {"x": [1.5, 2.0]}
    printed = [" ".join(text.split()) for text in done.stdout.splitlines()]
    assert "all 100 25 25 25 25 0.333" in printed
    assert "derivative of x**2 with respect to x SIGN 25, SYNTAX 25" in printed
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.jsonl", "grades.jsonl"]


def test_bad_lines_become_rows_and_never_stop_a_run(grade):
    bad = ["not json", "[]", json.dumps({"id": "empty"}), line("right", "p", expression="refuse"), line("fail", "f")]
    done, results = grade(lines=[line("right", "a"), *bad, line("right", "z"), line("right", "k", kind="slope")])
    assert done.exit_code == 0, done.output
    assert [(row["id"], row["outcome"]) for row in results] == [
        ("a", "CORRECT"),
        ("line 2", "NOT_AN_ANSWER"),
        ("line 3", "NOT_AN_ANSWER"),
        ("empty", "NOT_AN_ANSWER"),
        ("p", "NOT_AN_ANSWER"),
        ("f", "UNDECIDED"),
        ("z", "CORRECT"),
        ("k", "NOT_AN_ANSWER"),
    ]
    assert results[4]["findings"][0]["code"] == "BAD_PROBLEM"
    assert "there is no `z`" in results[4]["message"]
    assert "secret" not in results[5]["message"]


def test_csv_in_and_csv_out(grade, tmp_path):
    table = ["id,expression,inputs,wrt,answer", 'a,x**2,"{""x"": {}}",x,right', 'b,x**2,"{""x"": {}}",x,wrong SIGN']
    done, _ = grade(lines=table, name="answers.csv", out="grades.csv")
    assert done.exit_code == 0, done.output
    results = list(csv.DictReader((tmp_path / "grades.csv").read_text().splitlines()))
    assert [(row["id"], row["outcome"], row["findings"]) for row in results] == [
        ("a", "CORRECT", ""),
        ("b", "INCORRECT", "SIGN"),
    ]


@pytest.mark.parametrize("form", ["gradescope", "prairielearn", "junit", "classroom", "csv"])
def test_a_format_is_chosen_by_name(grade, tmp_path, form):
    done, _ = grade("--format", form, lines=numbered(4), out="results")
    assert done.exit_code == 0, done.output
    assert "s3" in (tmp_path / "results").read_text()


def test_the_mean_of_what_was_decided_decides_the_exit_code(grade):
    answers = ["right", "wrong SIGN", "undecided"]
    assert grade("--fail-under", "0.5", lines=[line(text, text) for text in answers])[0].exit_code == 0
    assert grade("--fail-under", "0.6")[0].exit_code == 1
    assert grade("--fail-under", "0.6", lines=[line("right", "r")])[0].exit_code == 0


def test_the_seed_goes_with_every_line(grade):
    lines = [line("right", "a"), line("right", "b", policy={"seed": 3})]
    _, results = grade(lines=lines)
    assert [row["evidence"]["error"] for row in results] == [0, 3]
    _, seeded = grade("--seed", "11", lines=lines)
    assert [row["evidence"]["error"] for row in seeded] == [11, 11]


def test_ids_that_several_lines_share_are_all_graded_and_named(grade):
    done, results = grade(lines=[line("right", "same"), line("wrong SIGN", "same")])
    assert [row["outcome"] for row in results] == ["CORRECT", "INCORRECT"]
    assert "1 id is on several lines, such as same" in done.stderr


def test_the_summary_comes_as_json_too(grade):
    done, _ = grade("--json", lines=numbered(4))
    summary = json.loads(done.stdout)
    assert summary["all"]["outcomes"] == dict.fromkeys(OUTCOMES, 1)


def test_what_cannot_be_run_is_a_bad_request(grade, tmp_path):
    assert grade(lines=[], out="missing/grades.csv")[0].exit_code == 2
    assert CliRunner().invoke(main, ["grade", str(tmp_path / "none"), "--out", "x"]).exit_code == 2
    (tmp_path / "grades.jsonl.journal").write_text('{"of": "another"}\n')
    (tmp_path / "grades.jsonl").touch()
    done, _ = grade(lines=numbered(1))
    assert done.exit_code == 2
    assert "another run" in done.output


def test_a_service_that_stays_away_stops_the_run_and_keeps_what_was_graded(tmp_path):
    [port] = free_ports(1)
    (tmp_path / "answers.jsonl").write_text("\n".join(["not json", *numbered(3)]))
    words = ["grade", str(tmp_path / "answers.jsonl"), "--out", str(tmp_path / "grades.csv"), "--patience", "0.5"]
    done = CliRunner().invoke(main, [*words, "--target", f"127.0.0.1:{port}"])
    assert done.exit_code == 3
    assert "1 of 4 lines are graded; the same command continues from there" in done.stderr
    assert not (tmp_path / "grades.csv").exists()


def started(words, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "pullback.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_goes_on_without_grading_twice(target, tmp_path, number):
    goes_on = tmp_path / "goes_on"
    orders = ["right"] * 60 + [f"wait {goes_on}"] * 60
    (tmp_path / "answers.jsonl").write_text("\n".join(line(text, f"s{i}") for i, text in enumerate(orders)))
    words = ("grade", str(tmp_path / "answers.jsonl"), "--out", str(tmp_path / "grades.jsonl"), "--target", target)
    journal = tmp_path / "grades.jsonl.journal"
    first = started(words)
    eventually(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 40)
    first.send_signal(number)
    _, message = first.communicate(timeout=PATIENCE)
    assert first.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    kept = journal.read_text().splitlines()[1:]
    assert len(kept) <= 60
    if number != signal.SIGKILL:
        assert f"{len(kept)} of 120 lines are graded" in message
    goes_on.touch()
    second = started(words)
    _, message = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0, message
    assert [row["id"] for row in rows(tmp_path / "grades.jsonl")] == [f"s{number}" for number in range(120)]
    assert not journal.exists()


@pytest.mark.slow
def test_a_service_that_dies_and_comes_back_loses_nothing(tmp_path):
    (tmp_path / "answers.jsonl").write_text("\n".join(line("sleep 0.01", f"s{i}") for i in range(200)))
    journal = tmp_path / "grades.jsonl.journal"
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(running())
        target = f"127.0.0.1:{service.port}"
        out = str(tmp_path / "grades.jsonl")
        command = started(("grade", str(tmp_path / "answers.jsonl"), "--out", out, "--target", target))
        eventually(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 50)
        service.process.kill()
        service.process.wait()
        stack.enter_context(running(port=service.port))
        _, message = command.communicate(timeout=PATIENCE)
    assert command.returncode == 0, message
    results = rows(tmp_path / "grades.jsonl")
    assert [row["id"] for row in results] == [f"s{number}" for number in range(200)]
    assert {row["outcome"] for row in results} == {"CORRECT"}


def test_a_service_that_is_full_is_asked_again(tmp_path):
    (tmp_path / "answers.jsonl").write_text("\n".join(line("sleep 0.01", f"s{i}") for i in range(12)))
    with running(workers=1, queue=0) as service:
        out = str(tmp_path / "grades.jsonl")
        words = ["grade", str(tmp_path / "answers.jsonl"), "--out", out, "--target", f"127.0.0.1:{service.port}"]
        done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    results = rows(tmp_path / "grades.jsonl")
    assert [(row["id"], row["outcome"]) for row in results] == [(f"s{number}", "CORRECT") for number in range(12)]


def test_answers_without_time_are_sent_again_and_undecided_in_the_end(target, tmp_path, monkeypatch):
    monkeypatch.setattr("pullback.batch.answer_file.TIMEOUT", 0.5)
    monkeypatch.setattr("pullback.wire.stream.GRACE", 0.2)
    (tmp_path / "answers.jsonl").write_text("\n".join(line("sleep 0.6", f"s{i}") for i in range(8)))
    out = str(tmp_path / "grades.jsonl")
    done = CliRunner().invoke(main, ["grade", str(tmp_path / "answers.jsonl"), "--out", out, "--target", target])
    assert done.exit_code == 0, done.output
    results = rows(tmp_path / "grades.jsonl")
    assert [(row["id"], row["outcome"]) for row in results] == [(f"s{number}", "UNDECIDED") for number in range(8)]
    assert {row["score"] for row in results} == {None}


def test_a_terminal_sees_the_bar(target, tmp_path):
    import pty

    (tmp_path / "answers.jsonl").write_text("\n".join(numbered(200)))
    near, far = pty.openpty()
    words = ("grade", str(tmp_path / "answers.jsonl"), "--out", str(tmp_path / "grades.jsonl"), "--target", target)
    command = subprocess.Popen(
        [sys.executable, "-m", "pullback.cli", *words],
        stdout=subprocess.DEVNULL,
        stderr=far,
        env={**os.environ, "COLUMNS": "120", "TERM": "xterm"},
    )
    os.close(far)
    seen = b""
    with contextlib.suppress(OSError):
        while part := os.read(near, 65536):
            seen += part
    os.close(near)
    assert command.wait(PATIENCE) == 0
    text = seen.decode()
    assert "200/200" in text
    assert "/s" in text
    for word in ("50 correct", "50 incorrect", "50 undecided", "50 not an answer"):
        assert word in text


def test_replay_shows_a_grade_again(grade, target):
    _, results = grade(lines=[line("wrong SIGN", "a")])
    done = CliRunner().invoke(main, ["replay", results[0]["replay"], "--target", target])
    assert done.exit_code == 0, done.output
    assert "INCORRECT  score 0" in done.stdout
    assert "SIGN" in done.stdout
    piped = CliRunner().invoke(main, ["replay", "-", "--target", target, "--json"], input=results[0]["replay"] + "\n")
    assert json.loads(piped.stdout)["outcome"] == "INCORRECT"
    assert CliRunner().invoke(main, ["replay", "nothing", "--target", target]).exit_code == 2


def test_help_lists_the_commands():
    assert {"grade", "replay"} <= set(CliRunner().invoke(main, ["--help"]).stdout.split())
