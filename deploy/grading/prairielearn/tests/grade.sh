#!/usr/bin/env bash
# The entry point of the external grader: the submitted answers joined with the problems, and graded.
set -euo pipefail
home="${GRADE_HOME:-/grade}"
mkdir -p "$home/results"
python3 "$home/tests/join_answers.py" "$home/tests/problems.jsonl" "$home/data/data.json" > "$home/answers.jsonl"
exec pullback grade "$home/answers.jsonl" --format prairielearn --out "$home/results/results.json" \
  ${PULLBACK_TARGET:+--target "$PULLBACK_TARGET"}
