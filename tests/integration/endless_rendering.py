"""The real grader, whose right answers never come to an end."""

import time

from pullback_server.grading import Grader, marking

__all__ = ["Grader"]


def _never(right_derivative, work):
    while True:
        time.sleep(1)


marking.right_answers = _never
