"""The replay token: everything that a grade depends on, in a text that gives the same grade again."""

from __future__ import annotations

from .problem import Grade


def grade_again(token: str) -> Grade:
    """The grade that a token stands for, computed again; raises Refusal for what is no token or another version's."""
    raise NotImplementedError
