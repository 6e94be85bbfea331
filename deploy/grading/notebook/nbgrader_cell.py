"""The autograded tests cell for nbgrader: worth 2 points; the student's cell above it defines `answer`."""

# %%
from derivatives import score

score("q1", answer, points=2)  # noqa: F821 - the student's cell defines it
