"""Joins problems with what was submitted: `join_answers.py problems.jsonl data.json`, lines for `pullback grade`."""

import json
import sys
from pathlib import Path


def main() -> None:
    """Prints one line per problem; an answer's name in the question is the problem's id."""
    problems, data = map(Path, sys.argv[1:])
    submitted = json.loads(data.read_text(encoding="utf-8"))["submitted_answers"]
    for line in problems.read_text(encoding="utf-8").splitlines():
        problem = json.loads(line)
        print(json.dumps(problem | {"answer": str(submitted.get(problem["id"], ""))}))


if __name__ == "__main__":
    main()
