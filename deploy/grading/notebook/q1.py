"""The test of question 1 for Otter, in its OK format; the student's notebook defines `answer`."""

OK_FORMAT = True

test = {
    "name": "q1",
    "points": 2,
    "suites": [
        {
            "type": "doctest",
            "scored": True,
            "setup": "",
            "teardown": "",
            "cases": [
                {
                    "code": ">>> from derivatives import score\n>>> score('q1', answer, points=2)\n2.0",
                    "hidden": False,
                    "locked": False,
                    "failure_message": "Read the message above: it says what went wrong.",
                },
            ],
        },
    ],
}
