"""Joins problems with a student's answers: `join_answers.py problems.jsonl answers.txt`, lines for `pullback grade`.

An answer is a line `q1: 3x^2`; a problem without one gets an empty answer, which is NOT_AN_ANSWER.
"""

import json
import sys
from pathlib import Path


def answers_of(text: str) -> dict[str, str]:
    """The answers by their problems' ids; of several answers to one problem the last counts."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): answer.strip() for name, colon, answer in pairs if colon}


def main() -> None:
    """Prints one line per problem."""
    problems, submitted = map(Path, sys.argv[1:])
    answers = answers_of(submitted.read_text(encoding="utf-8", errors="replace")) if submitted.exists() else {}
    for line in problems.read_text(encoding="utf-8").splitlines():
        problem = json.loads(line)
        print(json.dumps(problem | {"answer": answers.get(problem["id"], "")}))


if __name__ == "__main__":
    main()
